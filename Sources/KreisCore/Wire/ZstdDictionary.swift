// SPDX-License-Identifier: EUPL-1.2

import CZstd
import Synchronization

/// What small texts of one sort have in common, so that each of them compresses alone (RFC 8878,
/// section 5). What was compressed with one can be read with the same one only.
///
/// It may be used by several threads at once.
package final class ZstdDictionary: Sendable {
  // `@unchecked`: zstd only reads a digested dictionary once it is made ("can be shared by multiple
  // threads concurrently", zstd.h); a context is used by the one who took it from `contexts`.
  private struct Memory: @unchecked Sendable {
    let pointer: OpaquePointer

    init?(_ pointer: OpaquePointer?) {
      guard let pointer else { return nil }
      self.pointer = pointer
    }
  }

  private struct Contexts {
    var compressing: [Memory] = []
    var reading: [Memory] = []
  }

  private let writer: Memory
  private let reader: Memory
  /// Those that nobody uses now.
  private let contexts = Mutex(Contexts())

  /// - Parameters:
  ///   - bytes: a dictionary as zstd trains it.
  ///   - level: as that of `Zstd.compress`.
  package init(_ bytes: [UInt8], level: Int32) {
    let made = bytes.withUnsafeBytes {
      (
        ZSTD_createCDict($0.baseAddress, $0.count, level),
        ZSTD_createDDict($0.baseAddress, $0.count)
      )
    }
    guard let writer = Memory(made.0), let reader = Memory(made.1) else {
      preconditionFailure("zstd could not allocate memory for its dictionary")
    }
    (self.writer, self.reader) = (writer, reader)
  }

  deinit {
    contexts.withLock { contexts in
      for context in contexts.compressing { ZSTD_freeCCtx(context.pointer) }
      for context in contexts.reading { ZSTD_freeDCtx(context.pointer) }
    }
    ZSTD_freeCDict(writer.pointer)
    ZSTD_freeDDict(reader.pointer)
  }

  /// Compresses bytes into one frame that states its content size, but does not name the dictionary.
  ///
  /// - Returns: the frame's size, `nil` if it does not fit into `output`.
  package func compress(
    _ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard let context = takeCompressing() else { return nil }
    defer { contexts.withLock { $0.compressing.append(context) } }
    let written = ZSTD_compress2(
      context.pointer, output.baseAddress, output.count, bytes.baseAddress, bytes.count)
    return ZSTD_isError(written) == 0 ? written : nil
  }

  private func takeCompressing() -> Memory? {
    if let context = contexts.withLock({ $0.compressing.popLast() }) { return context }
    guard let context = Memory(ZSTD_createCCtx()) else { return nil }
    ZSTD_CCtx_setParameter(context.pointer, ZSTD_c_dictIDFlag, 0)
    ZSTD_CCtx_refCDict(context.pointer, writer.pointer)
    return context
  }

  /// The frame that bytes begin with; `nil` if they begin with none.
  package static func frame(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let size = ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
    return ZSTD_isError(size) == 0 ? UnsafeRawBufferPointer(rebasing: bytes[..<size]) : nil
  }

  /// The size of a frame's content as its header says; `nil` if it does not say so, or is no frame.
  package static func contentSize(_ frame: UnsafeRawBufferPointer) -> Int? {
    // Both of zstd's errors are the largest numbers.
    Int(exactly: ZSTD_getFrameContentSize(frame.baseAddress, frame.count))
  }

  /// Reads one frame, with nothing after it, whose content fills `output` exactly.
  ///
  /// - Returns: whether it is one.
  package func decompress(
    _ frame: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard Self.frame(in: frame)?.count == frame.count,
      let context = contexts.withLock({ $0.reading.popLast() }) ?? Memory(ZSTD_createDCtx())
    else { return false }
    defer { contexts.withLock { $0.reading.append(context) } }
    let read = ZSTD_decompress_usingDDict(
      context.pointer, output.baseAddress, output.count, frame.baseAddress, frame.count,
      reader.pointer)
    return read == output.count
  }
}
