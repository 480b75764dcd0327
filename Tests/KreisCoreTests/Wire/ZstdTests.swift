// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

@Suite struct ZstdTests {
  static let text = Array(String(repeating: "Frühe Hilfen im Märkischen Kreis. ", count: 100).utf8)

  @Test(arguments: [1, 3, 19] as [Int32])
  func `a message comes back as it was`(level: Int32) throws {
    for content in [[], [7], [UInt8](repeating: 9, count: 1 << 20), Self.text] {
      let frame = Zstd.compress(content, level: level)
      let isSame = try Zstd.decompress(frame, limit: content.count) == content
      #expect(isSame, "\(content.count) bytes")
    }
  }

  @Test func `things that are packed one after the other come back as they were`() throws {
    let packer = ZstdPacker()
    for content in [Self.text, [], [7], [UInt8](repeating: 9, count: 1 << 20), Self.text] {
      let frame = packer.compress(content, level: 1)
      #expect(frame == Zstd.compress(content, level: 1))
      #expect(try Zstd.decompress(frame, limit: content.count) == content)
    }
  }

  @Test func `compressing is worth it`() {
    #expect(Zstd.compress(Self.text).count < Self.text.count / 20)
  }

  @Test func `a bomb is refused by its header`() throws {
    let bomb = Zstd.compress([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 10_000)
    #expect(throws: ZstdError.tooLarge(claimed: 64 << 20, limit: 1 << 20)) {
      try Zstd.decompress(bomb, limit: 1 << 20)
    }
    #expect(throws: ZstdError.tooLarge(claimed: 1, limit: 0)) {
      try Zstd.decompress(Zstd.compress([1]), limit: 0)
    }
  }

  /// RFC 8878, section 3.1.1.1: with single-segment flag and 8-byte content size, 0xE0.
  @Test(arguments: [UInt64.max, UInt64.max - 1, UInt64(Int.max) + 1, 1 << 40])
  func `a claim of any size allocates nothing`(claim: UInt64) {
    let size = (0..<8).map { UInt8(truncatingIfNeeded: claim >> (8 * $0)) }
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xE0] + size + [1, 0, 0]
    #expect(throws: ZstdError.self) { try Zstd.decompress(frame, limit: 1 << 20) }
  }

  @Test func `a frame that claims less than it holds is refused`() {
    var frame = Zstd.compress([UInt8](repeating: 0, count: 200))
    // Single segment, one byte of content size: byte 5.
    #expect(frame[5] == 200)
    for claim: UInt8 in [0, 1, 199, 201, 255] {
      frame[5] = claim
      #expect(throws: ZstdError.self) { try Zstd.decompress(frame, limit: 1 << 20) }
    }
  }

  @Test func `a frame without its size is refused`() throws {
    // Frame header 0x00: no content size, window of 1 KiB, then one empty last block.
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x00, 1, 0, 0]
    #expect(throws: ZstdError.noContentSize) { try Zstd.decompress(frame, limit: 1 << 20) }
  }

  @Test func `every truncation is refused`() {
    let frame = Zstd.compress(Self.text)
    for length in 0..<frame.count {
      #expect(throws: ZstdError.self) {
        try Zstd.decompress(Array(frame[..<length]), limit: 1 << 20)
      }
    }
  }

  @Test func `anything after the frame is refused`() {
    let frame = Zstd.compress(Self.text)
    for tail in [[0], frame, [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]] {
      #expect(throws: ZstdError.trailingBytes(tail.count)) {
        try Zstd.decompress(frame + tail, limit: 1 << 20)
      }
    }
  }

  @Test func `what is no frame is refused`() {
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
    for bytes in [[], Array("<html>".utf8), skippable, Self.text] {
      #expect(throws: ZstdError.notAFrame) { try Zstd.decompress(bytes, limit: 1 << 20) }
    }
  }

  @Test func `damage never crashes and never exceeds the limit`() {
    let frame = Zstd.compress(Self.text)
    for position in frame.indices {
      for bit in 0..<8 {
        var damaged = frame
        damaged[position] ^= 1 << UInt8(bit)
        let content = try? Zstd.decompress(damaged, limit: 10_000)
        #expect((content?.count ?? 0) <= 10_000)
      }
    }
  }
}
