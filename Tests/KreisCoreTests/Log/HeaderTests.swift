// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

/// The canonical form is fixed for good: these bytes were computed by an independent program
/// (Python's `hashlib` and `struct`) from the description in `EntryBody` and `LogChain`.
@Suite struct `Headers` {
  private let realm = RealmID([UInt8](repeating: 0xaa, count: 32))!
  private let town = MemberID(0x0102_0304_0506)!

  private var body: EntryBody {
    EntryBody(
      recordedAt: 1_800_000_000, kind: .write, recordKind: 1,
      record: RecordID(creator: town, random: (0x0abc, 0x1122_3344_5566_7788)),
      writes: [
        Write(register: Register(tag: 16), content: .value),
        Write(
          register: Register(tag: 300, element: "hebamme"), content: .present,
          bases: [EntryReference(high: 2, low: 3), EntryReference(high: 1, low: 9)]),
        Write(register: Register(tag: 17), content: .withdrawn),
      ])
  }

  @Test func `have the bytes that the format says`() {
    #expect(
      Hex.encode(body.encoded())
        == "80a4a7da060101010102030405068abc912233445566778803100100ac020207686562616d6d65020000000000"
        + "00000100000000000000090000000000000002000000000000000311040000")
  }

  @Test func `hash to the chain that an independent program computed`() {
    var chain = LogChain(LogID(member: town, generation: 1, scope: .public), in: realm)
    #expect(
      chain.head.hash.description
        == "5fc7aaeaf01cb307164bdafd52e7f50bf37a59373b5be77518839f924dc42117")
    let block = Values(values: ["Löwenzahn"], role: "Koordination").block(salt: (1, 2))
    #expect(
      Hex.encode(block)
        == "000000000000000100000000000000020a0a4cc3b677656e7a61686e120c"
        + "4b6f6f7264696e6174696f6e")
    let hash = chain.append(body: body.encoded(), commitment: Hash256(of: block))
    #expect(hash.description == "50d68cfde7571cdbdcc5711fb0f653b4209b02af94e14c246d3cf216b87087e6")
    var other = LogChain(
      LogID(member: town, generation: 1, scope: .coordination(town)), in: realm)
    _ = other.append(body: [1, 2, 3], commitment: nil)
    #expect(
      other.head.hash.description
        == "1ea3ff95520cc1ffd2c5e360e3dd38df9e1e39bb2d80bf8bd0f57958a0baeb41")
  }

  @Test func `decode to what was encoded`() throws {
    #expect(try EntryBody(decoding: body.encoded()) == body)
    let control = EntryBody(recordedAt: 7, control: [1, 2, 3])
    #expect(try EntryBody(decoding: control.encoded()) == control)
    let unknown = EntryBody(
      recordedAt: 7, kind: .unknown(200), recordKind: 9, record: body.record ?? body.record!,
      writes: [])
    #expect(try EntryBody(decoding: unknown.encoded()) == unknown)
  }

  @Test(arguments: UInt64(1)...200)
  func `have one encoding for one content`(seed: UInt64) throws {
    var generator = SplitMix(state: seed)
    var bytes = body.encoded()
    for _ in 0..<1 + Int(generator.next() % 3) {
      let index = Int(generator.next() % UInt64(bytes.count))
      bytes[index] = UInt8(truncatingIfNeeded: generator.next())
    }
    // Whatever decodes encodes to the same bytes again, so that no content has two hashes.
    if let decoded = try? EntryBody(decoding: bytes) { #expect(decoded.encoded() == bytes) }
  }

  @Test func `are refused when cut, extended, or in another form`() {
    let bytes = body.encoded()
    for count in bytes.indices {
      #expect(throws: MalformedBytes.self) { try EntryBody(decoding: Array(bytes[..<count])) }
    }
    #expect(throws: MalformedBytes.self) { try EntryBody(decoding: bytes + [0]) }
    // The same time in a longer varint.
    #expect(throws: MalformedBytes.self) {
      try EntryBody(decoding: [0x80, 0xd2, 0xa7, 0xda, 0x86, 0x00] + bytes[5...])
    }
  }

  @Test func `over the limits are refused`() {
    let record = body.record!
    func encoded(_ writes: [Write]) -> [UInt8] {
      EntryBody(recordedAt: 1, kind: .write, recordKind: 1, record: record, writes: writes)
        .encoded()
    }
    let many = (1...257).map { Write(register: Register(tag: $0), content: .value) }
    #expect(throws: MalformedBytes.self) { try EntryBody(decoding: encoded(many)) }
    let bases = (0...1_024).map { EntryReference(high: 0, low: UInt64($0)) }
    #expect(throws: MalformedBytes.self) {
      try EntryBody(
        decoding: encoded([Write(register: Register(tag: 1), content: .present, bases: bases)]))
    }
    let long = Register(tag: 1, element: String(repeating: "x", count: 129))
    #expect(throws: MalformedBytes.self) {
      try EntryBody(decoding: encoded([Write(register: long, content: .present)]))
    }
  }
}
