// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import Testing

@testable import KreisStore

@Suite struct `A block on disk` {
  static let blocks: [[UInt8]] = [
    [], [0], [1], [UInt8](repeating: 1, count: 16), [UInt8](repeating: 1, count: 17),
    Values(values: ["x"]).block(salt: (0, 1)),
    Values(values: ["Kita Löwenzahn", "Hauptstraße 12", "58553", "Halver", "0221 4710-316"])
      .block(salt: (3, 4)),
    Values(values: [String(repeating: "Frühe Hilfen. ", count: 20_000)]).block(salt: (5, 6)),
  ]

  @Test(arguments: blocks) func `is read as it was written`(block: [UInt8]) {
    let stored = PackedBlock.pack(block)
    #expect(PackedBlock.unpack(stored) == block)
    #expect(stored.count <= block.count + 1)
  }

  @Test func `of any bytes is read as it was written`() {
    var random = SeededGenerator(source: Seeded(7))
    for _ in 0..<2_000 {
      let block = (0..<Int.random(in: 0..<600, using: &random)).map { _ in
        UInt8.random(in: 0 ... .max, using: &random)
      }
      #expect(PackedBlock.unpack(PackedBlock.pack(block)) == block)
    }
  }

  private static let organization = Values(
    values: [
      "Kita Löwenzahn", "Kita", "Hauptstraße 12", "58553", "Halver", "0221 4710-316",
      "leitung@example.org", "https://www.example.org",
      "Wir bieten offene Gruppen für Kinder. Anmeldung telefonisch oder per E-Mail.",
    ], role: "Netzwerkkoordination"
  ).block(salt: (0x0102_0304_0506_0708, 0x090A_0B0C_0D0E_0F10))

  @Test func `takes two thirds of what it would, and hides no salt`() {
    let block = Self.organization
    let stored = PackedBlock.pack(block)
    #expect(stored.count * 3 < block.count * 2, "\(stored.count) of \(block.count)")
    // Whoever looks for traces of what was destroyed finds it (I7).
    #expect(Array(stored[1..<17]) == Array(block[..<16]))
  }

  /// What lies on disk was written with this dictionary, and is read with no other.
  @Test func `was made with the dictionary of its number, which never changes`() {
    #expect(
      Hex.encode(Array(Hash256(of: PackageResources.values_1_zdict).bytes))
        == "2ab6316633cda59e3fdd21048aba8abe8adf1d6049dd2f102beab043e41a8107")
  }

  @Test func `that is damaged is another block, which does not fit its header`() {
    let block = Self.organization
    let stored = PackedBlock.pack(block)
    #expect(stored[0] == 1)
    let unharmed = (0..<stored.count * 8).filter { bit in
      var damaged = stored
      damaged[bit / 8] ^= 1 << (bit % 8)
      return PackedBlock.unpack(damaged) == block
    }
    // Of a frame's header some bits say nothing about its content.
    #expect(unharmed.count < 16, "\(unharmed)")
    for length in 0..<stored.count {
      let cut = PackedBlock.unpack(Array(stored[..<length]))
      #expect(cut.count < block.count)
    }
  }
}
