// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange
import KreisStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Input of a command, kept in a file without a name, so that it can be read twice and a slow
/// sender never holds a transaction open. It vanishes with the process, however that ends (I7).
final class Spool {
  /// Bytes that one input may have.
  static let limit = 4 << 30

  fileprivate let descriptor: Int32
  fileprivate var size = 0

  /// - Throws: `CommandError` if no file can be made.
  init(in directory: String) throws(CommandError) {
    var path = Array("\(directory)/import-XXXXXX".utf8CString)
    descriptor = mkstemp(&path)
    guard descriptor >= 0 else {
      throw CommandError(
        .notNow,
        "No temporary file can be made in \(directory): \(String(cString: strerror(errno))).")
    }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Takes the whole input.
  ///
  /// - Throws: `CommandError` if it is too large or the disk is full, and what `input` throws.
  convenience init(in directory: String, _ input: ChunkSource) throws {
    try self.init(in: directory)
    while let chunk = try input() { try append(chunk) }
  }

  deinit { close(descriptor) }

  /// - Throws: `CommandError` if it is too large or the disk is full.
  func append(_ chunk: [UInt8]) throws(CommandError) {
    size += chunk.count
    guard size <= Self.limit else {
      throw CommandError(.wrongUse, "The input has more than \(Self.limit) bytes; split it.")
    }
    let failure = writeAll(chunk, to: descriptor)
    guard failure == 0 else {
      throw CommandError(
        .notNow, "The input cannot be kept: \(String(cString: strerror(failure))).")
    }
  }

  /// Reads the input from its beginning.
  func source() -> ChunkSource {
    var offset: off_t = 0
    let descriptor = descriptor
    return {
      // `self` is kept: the file ends with it.
      let chunk = try withExtendedLifetime(self) { try Self.chunk(descriptor, at: offset) }
      offset += off_t(chunk.count)
      return chunk.isEmpty ? nil : chunk
    }
  }

  fileprivate static func chunk(_ descriptor: Int32, at offset: off_t) throws(CommandError)
    -> [UInt8]
  {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, count in
      let size = pread(descriptor, buffer.baseAddress, buffer.count, offset)
      if size < 0 { failure = errno }
      count = max(0, size)
    }
    guard failure == 0 else {
      throw CommandError(
        .notNow, "The input cannot be read again: \(String(cString: strerror(failure))).")
    }
    return bytes
  }
}

/// Bytes that were taken whole, kept the same way, to be read by any thread and as often as needed.
package final class KeptInput: Sendable {
  private let descriptor: Int32
  package let size: Int

  /// Keeps what `fill` gives to its argument.
  ///
  /// - Parameter directory: of a replica, where nobody else may look.
  /// - Throws: `CommandError` if it is too large or the disk is full, and what `fill` throws.
  package init(
    in directory: String, _ fill: (@escaping ([UInt8]) throws -> Void) throws -> Void
  ) throws {
    let spool = try Spool(in: directory)
    try fill { try spool.append($0) }
    size = spool.size
    descriptor = fcntl(spool.descriptor, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else {
      throw CommandError(.notNow, "Too many files are open: \(String(cString: strerror(errno))).")
    }
  }

  deinit { close(descriptor) }

  /// What stands from `offset` on; empty at the end.
  ///
  /// - Throws: `CommandError` if it cannot be read.
  package func chunk(at offset: Int) throws(CommandError) -> [UInt8] {
    try Spool.chunk(descriptor, at: off_t(offset))
  }

  /// Reads all from the beginning.
  package func source() -> ChunkSource {
    var offset = 0
    return {
      let chunk = try self.chunk(at: offset)
      offset += chunk.count
      return chunk.isEmpty ? nil : chunk
    }
  }
}
