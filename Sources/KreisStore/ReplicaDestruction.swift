// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Destroys a replica, file by file (I7).
extension StateDirectory {
  /// Says that the replica is being destroyed, and what is to be certified about it. While it is
  /// there, the destruction goes on.
  package static let leaving = "leaving.json"

  /// A file below the state directory.
  package struct HeldFile: Hashable, Sendable {
    /// Relative to the state directory.
    package let name: String
    package let bytes: UInt64

    package init(name: String, bytes: UInt64) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Opens a directory whose replica is being destroyed; `nil` if that was never begun.
  ///
  /// - Throws: `StateDirectoryError`.
  package static func leaving(
    _ path: String
  ) throws(StateDirectoryError) -> StateDirectory? {
    guard FileManager.default.fileExists(atPath: path + "/" + leaving) else { return nil }
    guard FileManager.default.fileExists(atPath: path + "/kreisnetz.sqlite") else {
      return try prepare(path)
    }
    return try open(path)
  }

  /// Everything in the directory, by name, but what the destruction itself still needs.
  ///
  /// - Parameter kept: names that are not listed.
  package func files(but kept: Set<String>) -> [HeldFile] {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return names.sorted().compactMap { name in
      var status = stat()
      guard !kept.contains(name), lstat(path + "/" + name, &status) == 0,
        status.st_mode & S_IFMT != S_IFDIR
      else { return nil }
      return HeldFile(name: name, bytes: UInt64(max(0, status.st_size)))
    }
  }

  /// Overwrites and removes files.
  ///
  /// - Throws: `StateDirectoryError`; what was not removed by then is still there.
  package func destroy(_ files: [HeldFile]) throws(StateDirectoryError) {
    for file in files { try Self.destroy(file: path + "/" + file.name) }
  }

  /// Removes the directory, which holds nothing any more but empty directories.
  ///
  /// - Returns: whether it is gone; its parent may belong to somebody else.
  package func removeEmpty() -> Bool {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    for name in names.sorted().reversed() { rmdir(path + "/" + name) }
    return rmdir(path) == 0
  }

  /// Overwrites a file with zeros, on disk, before its name goes. Of a link only the name goes.
  ///
  /// - Throws: `StateDirectoryError`.
  package static func destroy(file path: String) throws(StateDirectoryError) {
    let descriptor = Foundation.open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    var status = stat()
    if descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
      let zeros = [UInt8](repeating: 0, count: 1 << 16)
      var left = Int(status.st_size)
      var failure: Int32 = 0
      while left > 0, failure == 0 {
        failure = writeAll(Array(zeros.prefix(left)), to: descriptor)
        left -= zeros.count
      }
      if failure == 0, fsync(descriptor) != 0 { failure = errno }
      guard failure == 0 else {
        close(descriptor)
        throw .failed(action: "overwritten", path: path, errno: failure)
      }
    }
    if descriptor >= 0 { close(descriptor) }
    guard unlink(path) == 0 || errno == ENOENT else {
      throw .failed(action: "removed", path: path, errno: errno)
    }
    try DurableFile.syncDirectory(of: path)
  }
}
