// SPDX-License-Identifier: EUPL-1.2

import CZstd

/// Zstandard compression of whole messages (RFC 8878), on the system's libzstd.
package enum Zstd {
  /// Compresses bytes into one frame that states its content size.
  ///
  /// - Parameters:
  ///   - bytes: What to compress; may be empty.
  ///   - level: 1 (fast) to 19 (small); levels outside zstd's range are clamped by it.
  package static func compress(_ bytes: [UInt8], level: Int32 = 3) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      let written = bytes.withUnsafeBytes { input in
        ZSTD_compress(output.baseAddress, bound, input.baseAddress, input.count, level)
      }
      // With the output bound respected, zstd fails only when memory is exhausted.
      precondition(ZSTD_isError(written) == 0, "zstd could not allocate memory to compress")
      count = written
    }
  }

  /// Decompresses bytes that are exactly one frame.
  ///
  /// Whatever the frame claims, never more than `limit` bytes are allocated for its content: the
  /// size stands in the frame's header (RFC 8878, section 3.1.1.1), is checked before anything is
  /// allocated, and the content must fill it exactly.
  ///
  /// - Parameters:
  ///   - bytes: One frame, with its content size and nothing after it.
  ///   - limit: The largest content accepted, in bytes.
  /// - Throws: `ZstdError` when the bytes are not such a frame.
  package static func decompress(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
    // Skippable frames (other magic numbers) carry no content and have no place in a message.
    guard bytes.starts(with: magicNumber) else { throw .notAFrame }
    let claimed = bytes.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    switch claimed {
    case contentSizeUnknown: throw .noContentSize
    case contentSizeError: throw .corrupt("its header is broken or cut off")
    default: break
    }
    guard claimed <= UInt64(clamping: limit) else {
      throw .tooLarge(claimed: claimed, limit: limit)
    }

    let frame = bytes.withUnsafeBytes { ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) }
    guard ZSTD_isError(frame) == 0 else { throw .corrupt(reason(frame)) }
    guard frame == bytes.count else { throw .trailingBytes(bytes.count - frame) }

    let size = Int(claimed)
    var result = 0
    let content = [UInt8](unsafeUninitializedCapacity: size) { output, count in
      result = bytes.withUnsafeBytes { input in
        ZSTD_decompress(output.baseAddress, size, input.baseAddress, input.count)
      }
      count = ZSTD_isError(result) == 0 ? result : 0
    }
    guard ZSTD_isError(result) == 0 else { throw .corrupt(reason(result)) }
    guard content.count == size else { throw .corrupt("it is shorter than its header says") }
    return content
  }

  /// The first bytes of a frame: 0xFD2FB528, little-endian.
  private static let magicNumber: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// `ZSTD_CONTENTSIZE_UNKNOWN` and `_ERROR` are macros with casts, which Swift does not import.
  private static let contentSizeUnknown = UInt64.max
  private static let contentSizeError = UInt64.max - 1

  private static func reason(_ code: Int) -> String {
    ZSTD_getErrorName(code).map { String(cString: $0) } ?? "error \(code)"
  }
}

/// Compresses many small things one after the other, in the same working memory: what zstd takes for one is
/// a thousand times their size.
///
/// Whoever holds it uses it for one thing at a time.
package final class ZstdPacker {
  private let context: OpaquePointer?

  package init() { context = ZSTD_createCCtx() }

  deinit { ZSTD_freeCCtx(context) }

  /// Compresses bytes into one frame that states its content size, as `Zstd.compress`.
  package func compress(_ bytes: [UInt8], level: Int32) -> [UInt8] {
    guard let context else { return Zstd.compress(bytes, level: level) }
    let bound = ZSTD_compressBound(bytes.count)
    return withUnsafeTemporaryAllocation(byteCount: bound, alignment: 1) { output in
      let written = bytes.withUnsafeBytes { input in
        ZSTD_compressCCtx(
          context, output.baseAddress, bound, input.baseAddress, input.count, level)
      }
      // As in `Zstd.compress`.
      precondition(ZSTD_isError(written) == 0, "zstd could not allocate memory to compress")
      return Array(output[..<written])
    }
  }
}

/// Why bytes were not decompressed.
package enum ZstdError: Error, Equatable, CustomStringConvertible {
  /// The bytes do not start like a Zstandard frame.
  case notAFrame
  /// The frame does not state how large its content is.
  case noContentSize
  /// The content would be larger than the limit; both in bytes.
  case tooLarge(claimed: UInt64, limit: Int)
  /// So many bytes follow the frame.
  case trailingBytes(Int)
  /// The frame is damaged or cut off.
  case corrupt(String)

  package var description: String {
    switch self {
    case .notAFrame:
      "The data is not compressed with Zstandard. Send it as one Zstandard frame."
    case .noContentSize:
      "The compressed data does not state its size. Compress it in one step, not as a stream."
    case .tooLarge(let claimed, let limit):
      "The compressed data holds \(claimed) bytes; at most \(limit) are accepted. Send less at once."
    case .trailingBytes(let count):
      "\(count) bytes follow the compressed data. Send exactly one Zstandard frame."
    case .corrupt(let reason):
      "The compressed data is damaged (\(reason)). Send it again."
    }
  }
}
