// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// How messages follow one another in a streamed answer.
///
///     frame   = length 4 (most significant byte first) ‖ payload
///     length  = bytes of the payload, with the top bit set if the payload is one Zstandard frame
package enum FrameCodec {
  static let compressed: UInt32 = 1 << 31
  /// Payloads below, a live edit's among them, are hashes and signatures for the most part: a hub would
  /// spend more on each follower than it saves.
  static let compressionThreshold = 512

  /// One frame, compressed where that makes it smaller.
  ///
  /// - Parameter payload: At most `Limits.messageBytes` bytes, or no receiver will take it.
  package static func encode(_ payload: [UInt8]) -> [UInt8] {
    if payload.count >= compressionThreshold {
      let packed = Zstd.compress(payload)
      if packed.count < payload.count {
        return frame(packed, length: UInt32(packed.count) | compressed)
      }
    }
    return frame(payload, length: UInt32(payload.count))
  }

  private static func frame(_ payload: [UInt8], length: UInt32) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(payload.count + 4)
    for shift in [24, 16, 8, 0] as [UInt32] {
      out.append(UInt8(truncatingIfNeeded: length >> shift))
    }
    out.append(contentsOf: payload)
    return out
  }
}

/// Why a stream of frames cannot be read on.
package enum FrameError: Error, Equatable, CustomStringConvertible {
  /// A frame is longer than any message may be; both in bytes.
  case tooLong(length: Int, limit: Int)
  /// The payload cannot be decompressed.
  case damaged(ZstdError)
  /// The stream ended within a frame.
  case cutOff

  package var description: String {
    switch self {
    case .tooLong(let length, let limit):
      "A message of \(length) bytes was announced; at most \(limit) are accepted."
    case .damaged(let error): error.description
    case .cutOff: "The stream ended in the middle of a message. The rest can be asked for again."
    }
  }
}

/// Reads frames from pieces of any size. Holds at most one frame and the last piece; after an error
/// the stream is to be dropped.
package struct FrameDecoder {
  private var buffer: [UInt8] = []
  private var start = 0
  private let limit: Int

  /// - Parameter limit: The largest payload accepted, in bytes, compressed or not.
  package init(limit: Int = Limits.messageBytes) { self.limit = limit }

  /// Adds what came next.
  package mutating func append(_ bytes: some Sequence<UInt8>) {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// The next payload, decompressed, or `nil` until more bytes come.
  ///
  /// - Throws: `FrameError.tooLong` as soon as the length is known, or `.damaged`.
  package mutating func next() throws(FrameError) -> [UInt8]? {
    guard buffer.count - start >= 4 else { return nil }
    let word = buffer[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let length = Int(word & ~FrameCodec.compressed)
    guard length <= limit else { throw .tooLong(length: length, limit: limit) }
    guard buffer.count - start - 4 >= length else { return nil }
    let payload = Array(buffer[start + 4..<start + 4 + length])
    start += 4 + length
    guard word & FrameCodec.compressed != 0 else { return payload }
    do throws(ZstdError) { return try Zstd.decompress(payload, limit: limit) } catch {
      throw .damaged(error)
    }
  }

  /// To be called at the end of the stream.
  ///
  /// - Throws: `FrameError.cutOff` if it ended within a frame.
  package func finish() throws(FrameError) {
    guard start == buffer.count else { throw .cutOff }
  }
}
