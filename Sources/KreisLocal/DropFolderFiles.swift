// SPDX-License-Identifier: EUPL-1.2

import Glibc
import KreisStore

/// The files of a drop folder, all reached through its open directory, so that no name can lead
/// elsewhere: whoever may put files there need not be who the daemon runs as.
///
///     FOLDER/liste.csv             what somebody put there; liste.yaml beside it, or mapping.yaml
///     FOLDER/working/liste.csv     while it is imported
///     FOLDER/done/TIME-liste.csv   afterwards, its report beside it; or FOLDER/failed/…
final class DropFolderFiles {
  enum Place: String, CaseIterable {
    case working, done, failed
  }

  let path: String
  let root: Int32
  private var places: [Place: Int32] = [:]

  /// Opens the folder and makes its sub-folders.
  ///
  /// - Throws: `CommandError` if it is missing, a link, writable for everybody, or cannot be used.
  init(_ path: String) throws(CommandError) {
    self.path = path
    root = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard root >= 0 else { throw Self.failure(path, "cannot be opened as a directory") }
    try Self.check(root, path)
    for place in Place.allCases {
      let name = place.rawValue
      guard mkdirat(root, name, 0o700) == 0 || errno == EEXIST else {
        throw Self.failure(path + "/" + name, "cannot be made")
      }
      let descriptor = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw Self.failure(path + "/" + name, "cannot be opened as a directory")
      }
      places[place] = descriptor
      try Self.check(descriptor, path + "/" + name)
    }
  }

  deinit {
    for descriptor in places.values { close(descriptor) }
    if root >= 0 { close(root) }
  }

  private static func check(_ descriptor: Int32, _ path: String) throws(CommandError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be read") }
    guard status.st_mode & 0o002 == 0 else {
      throw CommandError(
        .wrongUse,
        "\(path) is writable for everybody, so anybody could change the directory. Remove that: "
          + "chmod o-w \(path)")
    }
  }

  private static func failure(_ path: String, _ what: String) -> CommandError {
    CommandError(.wrongUse, "\(path) \(what): \(String(cString: strerror(errno))).")
  }

  /// Whether the folder still is what it was, and not for everybody.
  ///
  /// - Throws: `CommandError`.
  func check() throws(CommandError) { try Self.check(root, path) }

  // MARK: - Reading

  /// A file that is open for reading.
  struct OpenFile {
    let descriptor: Int32
    let status: stat
  }

  /// Opens a file; `nil` for links, and whatever else is no plain file of its own.
  func open(_ name: String, in place: Place? = nil) -> OpenFile? {
    let descriptor = openat(
      descriptor(place), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    // A second name of a file may be one of a file that nobody meant to import.
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1
    else {
      close(descriptor)
      return nil
    }
    return OpenFile(descriptor: descriptor, status: status)
  }

  /// `F_SETLEASE` of Linux, which the C library shows only with its GNU extensions.
  private static let setLease: Int32 = 1_024

  /// Whether somebody still writes to the file: a read lease is refused then (fcntl(2)). Only its
  /// owner may ask; of others' files the kernel tells when they are closed.
  func isBeingWritten(_ file: OpenFile) -> Bool {
    guard fcntl(file.descriptor, Self.setLease, F_RDLCK) != 0 else {
      _ = fcntl(file.descriptor, Self.setLease, F_UNLCK)
      return false
    }
    return errno == EAGAIN
  }

  /// The names in the folder or a sub-folder.
  func names(in place: Place? = nil) -> [String] {
    let copy = openat(descriptor(place), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A small text beside the files; `nil` if there is none.
  ///
  /// - Throws: `CommandError` if it is too large or no text.
  func text(_ name: String, limit: Int) throws(CommandError) -> String? {
    guard let file = open(name) else { return nil }
    defer { close(file.descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    let count = read(file.descriptor, &bytes, bytes.count)
    guard (0...limit).contains(count), let text = String(validating: bytes[..<count], as: UTF8.self)
    else {
      throw CommandError(.wrongUse, "\(name) is not UTF-8 text of at most \(limit) bytes.")
    }
    return text
  }

  // MARK: - Moving

  /// Moves a file, without replacing another.
  func move(
    _ name: String, from source: Place?, to target: Place, as newName: String
  ) throws(CommandError) {
    let isFree = faccessat(descriptor(target), newName, F_OK, AT_SYMLINK_NOFOLLOW) != 0
    guard isFree, renameat(descriptor(source), name, descriptor(target), newName) == 0 else {
      throw CommandError(
        .notNow,
        "\(path)/\(name) cannot be moved to \(target.rawValue)/\(newName): "
          + "\(isFree ? String(cString: strerror(errno)) : "there is one already").")
    }
    fsync(descriptor(target))
  }

  /// Writes a report that nobody may read who may not read the file it is about.
  func write(
    _ text: String, as name: String, in place: Place, like file: stat
  ) throws(CommandError) {
    let descriptor = openat(
      descriptor(place), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    var failure = descriptor >= 0 ? 0 : errno
    if failure == 0 {
      if fchown(descriptor, uid_t.max, file.st_gid) == 0 {
        _ = fchmod(descriptor, 0o600 | (file.st_mode & 0o040))
      }
      failure = writeAll(Array(text.utf8), to: descriptor)
      if failure == 0, fsync(descriptor) != 0 { failure = errno }
      close(descriptor)
    }
    guard failure == 0 else {
      throw CommandError(
        .notNow,
        "The report \(path)/\(place.rawValue)/\(name) cannot be written: "
          + "\(String(cString: strerror(failure))).")
    }
  }

  private func descriptor(_ place: Place?) -> Int32 { place.flatMap { places[$0] } ?? root }
}
