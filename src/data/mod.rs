pub mod drawing;
