// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

@testable import KreisTransport

@Suite struct FrameCodecTests {
  private let payloads: [[UInt8]] = [
    [], [1], Array("text".utf8), Array(repeating: 7, count: 100_000),
    (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 2_654_435_761 >> 13) },
    Array(repeating: 0, count: 255), Array(repeating: 0, count: 256),
  ]

  @Test(arguments: [1, 2, 3, 4, 5, 7, 1_000, 65_536, 1 << 20])
  func `Frames read back whatever the pieces they arrive in`(size: Int) throws {
    let stream = payloads.flatMap(FrameCodec.encode)
    var decoder = FrameDecoder()
    var read: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: size) {
      decoder.append(stream[start..<min(start + size, stream.count)])
      while let payload = try decoder.next() { read.append(payload) }
    }
    try decoder.finish()
    #expect(read == payloads)
  }

  @Test func `What compresses is compressed, and marked by the top bit of its length`() {
    #expect(FrameCodec.encode([1, 2]) == [0, 0, 0, 2, 1, 2])
    #expect(FrameCodec.encode([]) == [0, 0, 0, 0])
    let large = FrameCodec.encode(Array(repeating: 7, count: 100_000))
    #expect(large[0] == 0x80 && large.count < 1_000)
  }

  @Test func `A length over the limit is refused before its content is held`() {
    var decoder = FrameDecoder(limit: 10)
    decoder.append([0, 0, 0, 11])
    #expect(throws: FrameError.tooLong(length: 11, limit: 10)) { try decoder.next() }
    var largest = FrameDecoder()
    largest.append([0xff, 0xff, 0xff, 0xff])
    #expect(throws: FrameError.tooLong(length: 0x7fff_ffff, limit: Limits.messageBytes)) {
      try largest.next()
    }
  }

  @Test func `A small frame that unpacks to more than the limit is refused`() {
    var decoder = FrameDecoder(limit: 1_000)
    decoder.append(FrameCodec.encode(Array(repeating: 0, count: 1_001)))
    #expect(throws: FrameError.damaged(.tooLarge(claimed: 1_001, limit: 1_000))) {
      try decoder.next()
    }
  }

  @Test func `Damage and an end within a frame are noticed`() throws {
    var damaged = FrameDecoder()
    damaged.append([0x80, 0, 0, 2, 1, 2])
    #expect(throws: FrameError.damaged(.notAFrame)) { try damaged.next() }
    for count in 1..<6 {
      var cut = FrameDecoder()
      cut.append([0, 0, 0, 2, 1, 2].prefix(count))
      #expect(try cut.next() == nil)
      #expect(throws: FrameError.cutOff) { try cut.finish() }
    }
  }
}
