// SPDX-License-Identifier: EUPL-1.2

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Puts another database in the place of a replica's, at once and whole, and keeps the old one
/// under a dated name.
///
/// The new database gets the name `next-STAMP.sqlite` when it is complete: from then on it counts.
/// What is left to do then can be repeated as often as the process dies in between, and whoever
/// takes the lock does it first:
///
/// 1. the old database and its write-ahead log get a second name, `kreisnetz-STAMP.sqlite`;
/// 2. the old write-ahead log loses its first name, so that SQLite never applies it to the new one;
/// 3. the new database takes the old one's name.
///
/// Each step is on disk before the next begins: a file system promises no order among names.
extension StateDirectory {
  private static let suffixes = ["-wal", "-shm", "-journal"]

  /// - Parameters:
  ///   - draft: a closed database in this directory, with nothing in a log beside it.
  ///   - now: seconds since 1970, for the old one's name.
  /// - Returns: the old database's new path, `nil` if there was none.
  /// - Throws: `StateDirectoryError`.
  package func replaceDatabase(
    with draft: String, at now: UInt64
  ) throws(StateDirectoryError) -> String? {
    // Not over one that was set aside in the same second.
    var time = now
    while isTaken(SetAsideDatabase.stamp(time)) { time += 1 }
    let stamp = SetAsideDatabase.stamp(time)
    let old = isReplica ? path + "/kreisnetz-\(stamp).sqlite" : nil
    for suffix in Self.suffixes { unlink(draft + suffix) }
    try DurableFile.move(draft, to: path + "/next-\(stamp).sqlite")
    try finishReplacement()
    return old
  }

  private func isTaken(_ stamp: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/kreisnetz-\(stamp).sqlite")
  }

  /// Finishes a replacement that was cut off.
  func finishReplacement() throws(StateDirectoryError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names.sorted() where name.hasPrefix("next-") && name.hasSuffix(".sqlite") {
      let stamp = name.dropFirst(5).dropLast(7)
      let old = path + "/kreisnetz-\(stamp).sqlite"
      for suffix in ["", "-wal"] {
        guard hardLink(database + suffix, old + suffix) == 0 || errno == EEXIST || errno == ENOENT
        else { throw .failed(action: "set aside", path: database + suffix, errno: errno) }
      }
      try DurableFile.syncDirectory(of: database)
      for suffix in Self.suffixes { unlink(database + suffix) }
      try DurableFile.syncDirectory(of: database)
      try DurableFile.move(path + "/" + name, to: database)
    }
  }

  /// Databases that were set aside, the oldest first.
  package var setAside: [SetAsideDatabase] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().compactMap { SetAsideDatabase(name: $0, in: path) }
  }
}

/// `link(2)`, whose name a method of the state directory hides.
private func hardLink(_ file: String, _ name: String) -> Int32 {
  #if canImport(Glibc)
    Glibc.link(file, name)
  #else
    Musl.link(file, name)
  #endif
}
