//! What turns a tile, a kernel and a product into one another, for the points 0, ±1/√2, ±√2 and ∞. Each works on columns, and then on
//! rows.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use pulp::Simd;

use crate::kernels::tile::{load, store};

/// Rows and columns of a tile.
pub const SIDE: usize = 6;

/// The points besides 0 and ∞, with their negatives, and their squares.
const POINTS: [f32; 2] = [FRAC_1_SQRT_2, SQRT_2];
const SQUARES: [f32; 2] = [0.5, 2.0];

/// The sum of the squares; their product is 1.
const BOTH: f32 = 2.5;

/// `1 / Π (p - q)` over the points `q` other than `p`, which is the same for `-p`.
const SHARES: [f32; 2] = [-2.0 / 3.0, 1.0 / 6.0];

#[inline(always)]
pub fn one<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    load::<S, 1, true>(simd, values)[0]
}

#[inline(always)]
pub fn put<S: Simd>(simd: S, to: &mut [f32], value: S::f32s) {
    store::<S, 1, true>(simd, &mut to[..S::F32_LANES], [value]);
}

/// An array whose numbers are made one by one, which then stay in registers. `std::array::from_fn` is not inlined, and an array that is
/// filled first is written twice.
pub trait Each<V> {
    fn each(value: impl Fn(usize) -> V) -> Self;
}

macro_rules! each {
    ($($len:literal: $($at:literal)+;)+) => {
        $(impl<V> Each<V> for [V; $len] {
            #[inline(always)]
            fn each(value: impl Fn(usize) -> V) -> Self {
                [$(value($at)),+]
            }
        })+
    };
}
each!(3: 0 1 2; 4: 0 1 2 3; 6: 0 1 2 3 4 5;);

/// A value for each of some rows and columns.
#[inline(always)]
pub fn square<V, const N: usize>(value: impl Fn(usize, usize) -> V) -> [[V; N]; N]
where
    [V; N]: Each<V>,
    [[V; N]; N]: Each<[V; N]>,
{
    Each::each(
        #[inline(always)]
        |row| {
            Each::each(
                #[inline(always)]
                |column| value(row, column),
            )
        },
    )
}

/// A transform of the columns, and then of the rows.
#[inline(always)]
pub fn both_ways<V: Copy, const FROM: usize, const TO: usize>(
    values: [[V; FROM]; FROM],
    transform: impl Fn([V; FROM]) -> [V; TO],
) -> [[V; TO]; TO]
where
    [V; FROM]: Each<V>,
    [[V; TO]; FROM]: Each<[V; TO]>,
    [[V; TO]; TO]: Each<[V; TO]>,
{
    let columns: [[V; TO]; FROM] = Each::each(
        #[inline(always)]
        |column| {
            transform(Each::each(
                #[inline(always)]
                |row| values[row][column],
            ))
        },
    );
    Each::each(
        #[inline(always)]
        |row| {
            transform(Each::each(
                #[inline(always)]
                |column| columns[column][row],
            ))
        },
    )
}

/// Writes the places of a tile, `step` apart.
#[inline(always)]
pub fn write<S: Simd>(simd: S, values: [[S::f32s; SIDE]; SIDE], to: &mut [f32], at: usize, step: usize) {
    for (to, value) in to[at..].chunks_mut(step).zip(values.as_flattened()) {
        put(simd, to, *value);
    }
}

/// Reads the places of a tile, `step` apart.
#[inline(always)]
pub fn read<S: Simd>(simd: S, from: &[f32], at: usize, step: usize) -> [[S::f32s; SIDE]; SIDE] {
    square(
        #[inline(always)]
        |row, column| one(simd, &from[(SIDE * row + column) * step + at..]),
    )
}

/// Adds to the numbers at these places.
#[inline(always)]
pub fn add_square<S: Simd, const N: usize>(
    simd: S,
    to: &mut [f32],
    places: [[Option<usize>; N]; N],
    values: [[S::f32s; N]; N],
) {
    for (place, value) in places.as_flattened().iter().zip(values.as_flattened()) {
        if let Some(place) = place {
            let to = &mut to[*place..];
            let sum = simd.add_f32s(one(simd, to), *value);
            put(simd, to, sum);
        }
    }
}

/// `factor · value + to`
#[inline(always)]
fn plus<S: Simd>(simd: S, to: S::f32s, factor: f32, value: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(simd.splat_f32s(factor), value, to)
}

/// Sum and difference.
#[inline(always)]
fn both<S: Simd>(simd: S, one: S::f32s, other: S::f32s) -> [S::f32s; 2] {
    [simd.add_f32s(one, other), simd.sub_f32s(one, other)]
}

#[inline(always)]
fn times<S: Simd>(simd: S, factor: f32, value: S::f32s) -> S::f32s {
    simd.mul_f32s(simd.splat_f32s(factor), value)
}

/// `Bᵀ d`: for a point `p` the coefficients of `Π (x - q)` over the other points.
#[inline(always)]
pub fn input<S: Simd>(simd: S, d: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let ([a, minus_a], [b, minus_b]) = (input_at(simd, 0, d), input_at(simd, 1, d));
    let first = plus(simd, simd.add_f32s(d[0], d[4]), -BOTH, d[2]);
    let last = plus(simd, simd.add_f32s(d[1], d[5]), -BOTH, d[3]);
    [first, a, minus_a, b, minus_b, last]
}

/// Its rows of a point and of its negative.
#[inline(always)]
fn input_at<S: Simd>(simd: S, point: usize, d: [S::f32s; SIDE]) -> [S::f32s; 2] {
    let even = plus(simd, d[4], -SQUARES[1 - point], d[2]);
    both(simd, even, times(simd, POINTS[point], plus(simd, d[3], -SQUARES[1 - point], d[1])))
}

/// `B v`, its transpose.
#[inline(always)]
pub fn input_gradient<S: Simd>(simd: S, [first, a, minus_a, b, minus_b, last]: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    let [even_a, odd_a] = both(simd, a, minus_a);
    let [even_b, odd_b] = both(simd, b, minus_b);
    let second = plus(simd, plus(simd, times(simd, -BOTH, first), -SQUARES[1], even_a), -SQUARES[0], even_b);
    let third = plus(simd, plus(simd, times(simd, -BOTH, last), POINTS[0], odd_a), POINTS[1], odd_b);
    [
        first,
        plus(simd, plus(simd, last, -POINTS[0] * SQUARES[1], odd_a), -POINTS[1] * SQUARES[0], odd_b),
        second,
        third,
        simd.add_f32s(first, simd.add_f32s(even_a, even_b)),
        last,
    ]
}

/// `Aᵀ m`: powers of the points.
#[inline(always)]
pub fn output<S: Simd>(simd: S, [first, a, minus_a, b, minus_b, last]: [S::f32s; SIDE]) -> [S::f32s; 4] {
    let [even_a, odd_a] = both(simd, a, minus_a);
    let [even_b, odd_b] = both(simd, b, minus_b);
    [
        simd.add_f32s(first, simd.add_f32s(even_a, even_b)),
        plus(simd, times(simd, POINTS[0], odd_a), POINTS[1], odd_b),
        plus(simd, times(simd, SQUARES[0], even_a), SQUARES[1], even_b),
        plus(simd, plus(simd, last, POINTS[0] * SQUARES[0], odd_a), POINTS[1] * SQUARES[1], odd_b),
    ]
}

/// `A y`, its transpose.
#[inline(always)]
pub fn output_gradient<S: Simd>(simd: S, y: [S::f32s; 4]) -> [S::f32s; SIDE] {
    let ([a, minus_a], [b, minus_b]) = (output_gradient_at(simd, 0, y), output_gradient_at(simd, 1, y));
    [y[0], a, minus_a, b, minus_b, y[3]]
}

/// Its rows of a point and of its negative.
#[inline(always)]
fn output_gradient_at<S: Simd>(simd: S, point: usize, y: [S::f32s; 4]) -> [S::f32s; 2] {
    let even = plus(simd, y[0], SQUARES[point], y[2]);
    both(simd, even, times(simd, POINTS[point], plus(simd, y[1], SQUARES[point], y[3])))
}

/// `G g`: the values of the polynomial at the points, each divided by `Π (p - q)`.
#[inline(always)]
pub fn kernel<S: Simd>(simd: S, g: [S::f32s; 3]) -> [S::f32s; SIDE] {
    let ([a, minus_a], [b, minus_b]) = (kernel_at(simd, 0, g), kernel_at(simd, 1, g));
    [g[0], a, minus_a, b, minus_b, g[2]]
}

/// Its rows of a point and of its negative.
#[inline(always)]
fn kernel_at<S: Simd>(simd: S, point: usize, g: [S::f32s; 3]) -> [S::f32s; 2] {
    let even = times(simd, SHARES[point], plus(simd, g[0], SQUARES[point], g[2]));
    both(simd, even, times(simd, SHARES[point] * POINTS[point], g[1]))
}

/// `Gᵀ u`, its transpose.
#[inline(always)]
pub fn kernel_gradient<S: Simd>(simd: S, [first, a, minus_a, b, minus_b, last]: [S::f32s; SIDE]) -> [S::f32s; 3] {
    let [even_a, odd_a] = both(simd, a, minus_a);
    let [even_b, odd_b] = both(simd, b, minus_b);
    [
        plus(simd, plus(simd, first, SHARES[0], even_a), SHARES[1], even_b),
        plus(simd, times(simd, SHARES[0] * POINTS[0], odd_a), SHARES[1] * POINTS[1], odd_b),
        plus(simd, plus(simd, last, SHARES[0] * SQUARES[0], even_a), SHARES[1] * SQUARES[1], even_b),
    ]
}
