// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
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

  private let descriptor: Int32
  private var size = 0

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

  private static func chunk(_ descriptor: Int32, at offset: off_t) throws(CommandError) -> [UInt8] {
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
