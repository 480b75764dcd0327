// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import SwiftProtobuf
import Testing

/// Blocks are read by own code where they have the shape that this version writes, and by the library
/// where a later version wrote more: nobody may be able to tell which.
@Suite struct `Blocks of values` {
  private let salt = [UInt8](repeating: 7, count: 16)

  private func byLibrary(_ message: [UInt8]) -> Values? {
    (try? WireValues(serializedBytes: message)).map {
      Values(values: $0.values, role: $0.role, reason: $0.reason)
    }
  }

  @Test func `are read as the library reads them, whatever changed in them`() {
    var generator = SplitMix(state: 11)
    let texts = ["", "Löwenzahn", String(repeating: "ä", count: 90), "\u{0}", "Halver", "🙂"]
    for _ in 0..<20_000 {
      let values = Values(
        values: (0..<Int.random(in: 0...4, using: &generator)).map { _ in
          texts.randomElement(using: &generator) ?? ""
        }, role: Bool.random(using: &generator) ? "Koordination" : "", reason: "")
      var message = Array(values.block(salt: (1, 2))[16...])
      for _ in 0..<Int.random(in: 0...2, using: &generator) where !message.isEmpty {
        let index = Int.random(in: message.indices, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: message[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: message.remove(at: index)
        default: message.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
        }
      }
      #expect((try? Values(block: salt + message)) == byLibrary(message), "\(message)")
    }
  }

  @Test func `keep what a later version adds from hiding the rest`() throws {
    // Field 9, a number.
    let message: [UInt8] = [0x48, 0x05] + Values(values: ["Halver"]).block(salt: (0, 0))[16...]
    #expect(try Values(block: salt + message).values == ["Halver"])
  }
}
