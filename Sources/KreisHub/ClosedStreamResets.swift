// SPDX-License-Identifier: EUPL-1.2

import NIOCore
import NIOTLS

/// Leaves out resets of HTTP/2 streams that are over already; stands behind TLS.
///
/// libcurl 7.88, that of Debian 12, follows each answer with RST_STREAM and the code STREAM_CLOSED. NIO
/// takes more than 200 resets within 30 seconds for an attack and ends the connection, with the requests
/// that are under way on it: a town that was edited quickly had to push anew now and then. Resets with
/// other codes, which cancel a request, count as before. Somebody who resets an open stream with this
/// code is answered nevertheless, on no more streams than a connection may have.
final class ClosedStreamResets: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var frames = ResetFilter()

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    context.fireUserInboundEventTriggered(event)
    if case .handshakeCompleted(let name)? = event as? TLSUserEvent, name != "h2" {
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = frames.filter(unwrapInboundIn(data))
    if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
  }
}

/// Follows the frames of one direction of an HTTP/2 connection (RFC 9113 §4.1), from its preface on.
struct ResetFilter {
  private static let preface = 24
  private static let header = 9
  private static let reset: (type: UInt8, length: Int) = (3, 4)
  private static let streamClosed: UInt32 = 5

  /// Bytes until the next frame begins.
  private var rest = Self.preface
  /// The beginning of a frame of which more has to come to tell whether it passes.
  private var held = ByteBuffer()

  /// What of the connection's next bytes passes.
  mutating func filter(_ input: ByteBuffer) -> ByteBuffer {
    var bytes = input
    if held.readableBytes > 0 {
      held.writeImmutableBuffer(input)
      bytes = held
      held = ByteBuffer()
    }
    var passed: ByteBuffer?
    // What passes, from `start` on, is looked at up to `index`.
    var (start, index) = (bytes.readerIndex, bytes.readerIndex)
    let end = bytes.writerIndex
    while index < end {
      let skipped = min(rest, end - index)
      index += skipped
      rest -= skipped
      guard rest == 0, let (type, length) = Self.header(bytes, at: index) else { break }
      guard type == Self.reset.type, length == Self.reset.length else {
        rest = Self.header + length
        continue
      }
      guard let code = bytes.getInteger(at: index + Self.header, as: UInt32.self) else { break }
      guard code == Self.streamClosed else {
        rest = Self.header + length
        continue
      }
      var before = passed ?? ByteBuffer()
      before.writeImmutableBuffer(Self.slice(bytes, start, index))
      passed = before
      index += Self.header + length
      start = index
    }
    if rest == 0 { held = Self.slice(bytes, index, end) }
    guard var passed else { return Self.slice(bytes, start, index) }
    passed.writeImmutableBuffer(Self.slice(bytes, start, index))
    return passed
  }

  private static func header(_ bytes: ByteBuffer, at index: Int) -> (type: UInt8, length: Int)? {
    guard let word = bytes.getInteger(at: index, as: UInt32.self),
      index + header <= bytes.writerIndex
    else { return nil }
    return (UInt8(truncatingIfNeeded: word), Int(word >> 8))
  }

  private static func slice(_ bytes: ByteBuffer, _ start: Int, _ end: Int) -> ByteBuffer {
    bytes.getSlice(at: start, length: end - start) ?? ByteBuffer()
  }
}
