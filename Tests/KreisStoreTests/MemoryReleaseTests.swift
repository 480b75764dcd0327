// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import Testing

@Suite(.timeLimit(.minutes(1))) struct MemoryReleaseTests {
  /// Connections for reading are closed by it, also while one of them reads.
  @Test func `A store that gave back its memory reads and writes as before`() async throws {
    let net = try await Federation(towns: 0)
    let hub = net.hub
    let first = try net.add("Kita Sonne", to: hub)
    let kind = try Schema.directory.kind(named: "organization")
    let edits = [
      Edit(try kind.field(named: "name"), .value("Kita")),
      Edit(
        try kind.field(named: "description"), .value(String(repeating: "Viel Text. ", count: 90))),
    ]
    try hub.blockingWrite { transaction in
      for _ in 0..<1_500 {
        _ = try transaction.create(kind, edits, Occasion(at: 1_800_000_000))
      }
    }
    let isMuch = hub.releaseMemory()
    #expect(isMuch)
    try hub.blockingRead { snapshot in
      _ = hub.releaseMemory()
      let state = try snapshot.state(of: first)
      #expect(state != nil)
    }
    await hub.probe()
    let before = try net.value(first, "name", in: hub)
    #expect(before == "Kita Sonne")
    try net.edit(first, "name", "Kita Mond", in: hub)
    let after = try net.value(first, "name", in: hub)
    #expect(after == "Kita Mond")
  }
}
