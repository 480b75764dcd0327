import KreisTransport
import Testing

@Suite struct ZstdTests {
  @Test func `a message comes back as it was`() throws {
    for content in [[], [7], [UInt8](repeating: 9, count: 1 << 20), Array("Frühe Hilfen".utf8)] {
      let frame = Zstd.compress(content)
      #expect(try Zstd.decompress(frame, limit: content.count) == content)
    }
  }
}
