// SPDX-License-Identifier: EUPL-1.2

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
