// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct DuplicateTests {
  private func traits(
    _ number: UInt64, _ names: String..., phone: String? = nil, context: String? = nil
  ) throws -> DuplicateTraits {
    DuplicateTraits(
      id: RecordID(creator: try #require(MemberID(7)), random: (number, number)), kind: 1,
      names: names, phones: phone.map { [$0] } ?? [], emails: [], address: nil, context: context,
      content: nil)
  }

  private func reasons(_ first: DuplicateTraits, _ second: DuplicateTraits) -> [String]? {
    var finder = DuplicateFinder()
    finder.add(first)
    finder.add(second)
    return finder.pairs().first?.reasons
  }

  @Test func `a name alone is not enough where places differ`() throws {
    let halver = try traits(1, "Kita Löwenzahn", context: "halver")
    #expect(
      reasons(halver, try traits(2, "Kindergarten Löwenzahn", context: "halver"))
        == ["gleicher Name"])
    #expect(reasons(halver, try traits(2, "Kita Löwenzahn", context: "balve")) == nil)
    #expect(
      reasons(halver, try traits(2, "Kita Löwenzan", context: "halver")) == ["ähnlicher Name"])
    #expect(reasons(halver, try traits(2, "Kita Regenbogen", context: "halver")) == nil)
  }

  @Test func `colleagues who share a telephone are different people`() throws {
    let one = try traits(1, "Ayla Beispiel", phone: "+492214710316", context: "a")
    #expect(reasons(one, try traits(2, "Dirk Muster", phone: "+492214710316", context: "a")) == nil)
    #expect(
      reasons(one, try traits(2, "Beispiel, Ayla", phone: "+492214710316", context: "b"))
        == nil)
    #expect(
      reasons(one, try traits(2, "Ayla Beispiel", phone: "+492214710316"))
        == ["gleicher Name", "gleiche Telefonnummer"])
  }

  @Test func `a hundred thousand records are compared in seconds, also if many share a key`() throws
  {
    var finder = DuplicateFinder()
    var random = SplitMix(state: 4)
    for number in 0..<100_000 as Range<UInt64> {
      let name = "Kita \(String(random.next() % 50_000, radix: 36)) Haus"
      finder.add(
        try traits(
          number, name, phone: number % 3 == 0 ? "+492214710000" : nil,
          context: "stadt \(random.next() % 9)"))
    }
    let clock = ContinuousClock()
    var pairs: [DuplicatePair] = []
    let time = clock.measure { pairs = finder.pairs() }
    #expect(pairs.count > 1_000)
    // A bound against work that grows with the square, which would be minutes; not a measurement.
    #expect(time < .seconds(60))
  }
}
