// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files that survive a power cut (I1). What each call is for:
///
/// - `open(O_EXCL)` of a temporary name, `write`: nobody sees half a file under the real name;
/// - `fsync` of the file: content and size reach the disk before the name does;
/// - `rename`: the name changes atomically from nothing, or the old content, to the new;
/// - `fsync` of the directory: the name itself reaches the disk. Without it the file can be gone
///   after a power cut although `rename` succeeded.
enum DurableFile {
  /// Bytes that any secret file has at most.
  private static let secretBytes = 65_536

  /// Makes a directory of mode 0700 unless it exists; its parent must.
  static func makeDirectory(_ path: String) throws(StateDirectoryError) {
    if mkdir(path, 0o700) != 0 {
      if errno == EEXIST { return }
      throw .failed(action: "made", path: path, errno: errno)
    }
    try syncDirectory(of: path)
  }

  /// Writes a file of mode 0600.
  static func write(_ bytes: [UInt8], to path: String) throws(StateDirectoryError) {
    let temporary = path + ".new"
    // Left by an attempt that was cut off; the state directory's lock keeps others away.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .failed(action: "written", path: path, errno: errno) }
    var failure = writeAll(bytes, to: descriptor)
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    if failure == 0, rename(temporary, path) != 0 { failure = errno }
    guard failure == 0 else {
      unlink(temporary)
      throw .failed(action: "written", path: path, errno: failure)
    }
    try syncDirectory(of: path)
  }

  /// Gives a complete, closed file its name.
  static func move(_ source: String, to path: String) throws(StateDirectoryError) {
    let descriptor = open(source, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed(action: "written", path: path, errno: errno) }
    let synced = fsync(descriptor)
    close(descriptor)
    guard synced == 0, rename(source, path) == 0 else {
      throw .failed(action: "written", path: path, errno: errno)
    }
    try syncDirectory(of: path)
  }

  /// Reads a file that only its owner may read; `nil` if there is none.
  static func readSecret(_ path: String) throws(StateDirectoryError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .failed(action: "read", path: path, errno: errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .failed(action: "read", path: path, errno: errno)
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .exposedSecret(path: path, mode: status.st_mode & 0o777)
    }
    guard status.st_size <= secretBytes else {
      throw .damaged(path: path, reason: "it is larger than any key")
    }
    var bytes = [UInt8](repeating: 0, count: secretBytes)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw .failed(action: "read", path: path, errno: errno) }
    return Array(bytes[..<count])
  }

  /// Makes the names in a file's directory durable.
  static func syncDirectory(of path: String) throws(StateDirectoryError) {
    let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed(action: "opened", path: parent, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .failed(action: "written to disk", path: parent, errno: errno)
    }
  }
}
