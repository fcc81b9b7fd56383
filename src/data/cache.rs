//! Images that do not fit into memory. They are written to a file without a name, which is mapped into memory: the system reads
//! what a batch needs, and keeps of it what there is room for. Nobody else can open the file, and it is gone with the last set
//! of samples that needs it.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(unix)]
use memmap2::Advice;
use memmap2::Mmap;

/// Where memory is not known, so many bytes fit into it.
const FIT: u64 = 4 << 30;

/// Images in files that are mapped into memory, each of as many bytes.
#[derive(Clone, Debug)]
pub struct MappedImages {
    files: Vec<Arc<Mmap>>,
    /// The file and the place in it, in images, of each.
    places: Vec<(u32, u32)>,
    /// Bytes of an image.
    len: usize,
}

impl MappedImages {
    /// Number of images.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The bytes of one image; empty if there is no such image.
    pub fn get(&self, at: usize) -> &[u8] {
        let Some((file, place)) = self.places.get(at) else { return &[] };
        let start = *place as usize * self.len;
        self.files[*file as usize].get(start..start + self.len).unwrap_or(&[])
    }

    /// Tells the system that these images are needed soon, so that it reads them side by side while something else is done.
    pub fn prefetch(&self, at: &[u32]) {
        #[cfg(unix)]
        for (file, place) in at.iter().filter_map(|at| self.places.get(*at as usize)) {
            // It is advice: where it is not taken, the image is read when it is needed.
            let _ = self.files[*file as usize].advise_range(Advice::WillNeed, *place as usize * self.len, self.len);
        }
        #[cfg(not(unix))]
        let _ = at;
    }

    /// The images at some positions, in that order. Nothing is copied.
    #[must_use]
    pub fn select(&self, at: &[u32]) -> Self {
        Self { places: at.iter().map(|at| self.places[*at as usize]).collect(), files: self.files.clone(), ..*self }
    }

    /// Adds the images of another set, as large as these. Nothing is copied.
    pub fn append(&mut self, other: Self) {
        debug_assert_eq!(self.len, other.len);
        let first = self.files.len() as u32;
        self.files.extend(other.files);
        self.places.extend(other.places.into_iter().map(|(file, place)| (first + file, place)));
    }
}

/// The same bytes, wherever they lie.
impl PartialEq for MappedImages {
    fn eq(&self, other: &Self) -> bool {
        self.count() == other.count() && (0..self.count()).all(|at| self.get(at) == other.get(at))
    }
}

/// A file that images are written to before it is mapped.
pub struct CacheFile {
    file: BufWriter<File>,
    len: usize,
    count: u32,
}

impl CacheFile {
    /// For images of so many bytes.
    pub fn new(len: usize) -> io::Result<Self> {
        let folder = for_images();
        std::fs::create_dir_all(&folder)?;
        let file =
            tempfile::tempfile_in(&folder).map_err(|error| io::Error::new(error.kind(), place(&folder, &error)))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), len, count: 0 })
    }

    /// Adds an image.
    pub fn write(&mut self, image: &[u8]) -> io::Result<()> {
        debug_assert_eq!(image.len(), self.len);
        self.count += 1;
        let written = self.file.write_all(image);
        written.map_err(|error| io::Error::new(error.kind(), place(&for_images(), &error)))
    }

    /// The images that were written.
    pub fn map(self) -> io::Result<MappedImages> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let (len, places) = (self.len, (0..self.count).map(|place| (0, place)).collect());
        if self.count == 0 {
            return Ok(MappedImages { files: Vec::new(), places, len });
        }
        // SAFETY: the file has no name, so that nobody can change or shorten it, and here nothing writes to it any more.
        #[expect(unsafe_code, reason = "a mapped file is memory that somebody else could change")]
        let mapped = unsafe { Mmap::map(&file) }?;
        // Images are read in a random order, and what lies beside one would be read in vain.
        #[cfg(unix)]
        mapped.advise(Advice::Random)?;
        Ok(MappedImages { files: vec![Arc::new(mapped)], places, len })
    }
}

fn place(folder: &std::path::Path, error: &io::Error) -> String {
    format!("cannot be kept in {}: {error}; make room there, or set XDG_CACHE_HOME to another folder", folder.display())
}

/// Where this program keeps what it can get again; it lies on a disk, where temporary files may lie in memory.
pub fn folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let programs = if cfg!(target_os = "windows") {
        variable("LOCALAPPDATA")
    } else {
        let at_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(at_home)))
    };
    Some(programs?.join("backprop-studio"))
}

/// The folder for files of images.
pub fn for_images() -> PathBuf {
    folder().unwrap_or_else(std::env::temp_dir)
}

/// Whether so many bytes are too many to be kept in memory beside a training.
pub fn is_too_large(bytes: u64) -> bool {
    bytes > available_memory().map_or(FIT, |available| available / 2)
}

/// The memory that is free, in bytes, and at most what the control groups of this process allow. Only Linux tells.
pub fn available_memory() -> Option<u64> {
    let account = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = account.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024;
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = limit_files(&groups).filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    Some(limits.fold(free, u64::min))
}

/// The files with the limits of control groups, of version 1 and 2, and of those that hold them. Within a container the paths
/// are those outside it, and the limit stands at the root.
fn limit_files(groups: &str) -> impl Iterator<Item = PathBuf> {
    groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (root, file) = match parts.next() {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some("memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return Vec::new(),
        };
        let group = Path::new(parts.next().unwrap_or_default());
        let inside = |path: &Path| Path::new(root).join(path.strip_prefix("/").unwrap_or(path)).join(file);
        group.ancestors().map(inside).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(images: &[[u8; 2]]) -> MappedImages {
        let mut file = CacheFile::new(2).unwrap();
        images.iter().for_each(|image| file.write(image).unwrap());
        file.map().unwrap()
    }

    #[test]
    fn a_limit_is_looked_for_in_every_group_around_the_process() {
        let found = |groups: &str| limit_files(groups).map(|path| path.display().to_string()).collect::<Vec<_>>();
        let files =
            ["/sys/fs/cgroup/a.slice/b/memory.max", "/sys/fs/cgroup/a.slice/memory.max", "/sys/fs/cgroup/memory.max"];
        assert_eq!(found("0::/a.slice/b\n"), files);
        let files =
            ["/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        assert_eq!(found("3:cpu:/docker\n4:memory:/docker\n"), files);
    }

    #[test]
    fn images_are_found_where_they_were_put() {
        let mut images = mapped(&[[1, 2], [3, 4], [5, 6]]).select(&[2, 0]);
        images.append(mapped(&[[7, 8]]));
        assert_eq!((0..4).map(|at| images.get(at)).collect::<Vec<_>>(), [&[5, 6][..], &[1, 2], &[7, 8], &[]]);
        assert_eq!(images, mapped(&[[5, 6], [1, 2], [7, 8]]));
        images.prefetch(&[0, 2, 9]);
        assert_eq!(mapped(&[]).count(), 0);
    }
}
