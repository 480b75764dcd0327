// SPDX-License-Identifier: EUPL-1.2

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The exclusive right to write in a state directory: `flock(2)` on its file `lock`.
///
/// The kernel drops it with the process, so nothing stale is left after kill -9. The file itself
/// stays: removing it would let two processes lock two files of one name.
package final class StateLock: Sendable {
  private let descriptor: Int32

  init(of directory: StateDirectory) throws(StateDirectoryError) {
    let path = directory.path + "/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .failed(action: "opened", path: path, errno: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      defer { close(descriptor) }
      guard code == EWOULDBLOCK else { throw .failed(action: "locked", path: path, errno: code) }
      var buffer = [UInt8](repeating: 0, count: 16)
      let count = max(0, pread(descriptor, &buffer, buffer.count, 0))
      let process = String(decoding: buffer[..<count].prefix { $0 != 10 }, as: UTF8.self)
      throw .inUse(path: directory.path, process: process.isEmpty ? nil : process)
    }
    // For the message above alone; it need not be durable.
    let text = Array("\(getpid())\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.count, 0)
  }

  deinit { close(descriptor) }
}

extension StateDirectory {
  /// Does `body` while no other process does the same with the files of a folder of this directory,
  /// which is made if it is missing. It waits for others. What root makes there belongs to the
  /// directory's owner afterwards, so that the daemon can read it.
  ///
  /// - Throws: `StateDirectoryError`, and what `body` throws.
  package func alone<T>(_ folder: String, _ body: () throws -> T) throws -> T {
    let whole = path + "/" + folder
    try DurableFile.makeDirectory(whole)
    let lock = try FolderLock(whole + "/lock")
    defer { withExtendedLifetime(lock) {} }
    let result = try body()
    guard geteuid() == 0 else { return result }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw StateDirectoryError.failed(action: "read", path: path, errno: errno)
    }
    for name in [""] + ((try? FileManager.default.contentsOfDirectory(atPath: whole)) ?? []) {
      let file = name.isEmpty ? whole : whole + "/" + name
      guard lchown(file, status.st_uid, status.st_gid) == 0 else {
        throw StateDirectoryError.failed(action: "given to its owner", path: file, errno: errno)
      }
    }
    return result
  }
}

/// The exclusive right to change the files of a folder: `flock(2)`, waited for.
private final class FolderLock {
  private let descriptor: Int32

  init(_ path: String) throws(StateDirectoryError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .failed(action: "opened", path: path, errno: errno) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .failed(action: "locked", path: path, errno: errno) }
    }
  }

  deinit { close(descriptor) }
}
