// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import Testing

/// What a power cut at any moment leaves of hub and town (I1), on disks in memory.
///
/// `KREISNETZ_TEST_CRASHES` sets how many random histories of power cuts the second test runs; if it is
/// set, the first cuts at every operation instead of every eighth, and restores power in all four ways
/// instead of one. `KREISNETZ_TEST_SEED` sets where the random histories start.
@Suite(.serialized) struct `A power cut` {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  /// Runs the work until the power goes.
  ///
  /// - Returns: whether it came to its end.
  private func run(_ world: CrashWorld) async throws -> Bool {
    do {
      try await world.run()
      // Closing a database tells nobody that it failed.
      return world.hasPower
    } catch let error as StoreError {
      guard !world.hasPower else { throw error }
      // Nobody may take a disk that fails for wrong input or for something that passes.
      if case .retryLater = error { Issue.record("\(error)") }
      return false
    }
  }

  @Test func `at every operation of a disk loses nothing that was acknowledged`() async throws {
    let originals = try CrashWorld.originals()
    let whole = CrashWorld(originals)
    try await whole.run()
    let again = CrashWorld(originals)
    try await again.run()
    let counts = whole.operations()
    #expect(again.operations() == counts)
    let expected = try whole.dump()
    let ways = CrashDisk.Remains.allCases
    let isLong = Self.number("KREISNETZ_TEST_CRASHES") != nil
    var cuts = 0
    for machine in CrashWorld.Machine.allCases {
      let operations = try #require(counts[machine])
      #expect(operations > 100)
      for cut in stride(from: 0, to: operations, by: isLong ? 1 : 8) {
        for remains in isLong ? ways : [ways[Int(cut / 8 % 4)]] {
          let world = CrashWorld(originals)
          try world.disk(machine).cutPower(after: cut)
          let isDone = try await run(world)
          #expect(!isDone, "\(machine) \(cut)")
          let place = try "\(machine), \(remains), \(cut): \(world.disk(machine).lastOperation)"
          try world.restore(machine, remains, seed: cut)
          let damage = try world.damage(machine)
          #expect(damage.isEmpty, "\(place)")
          try await world.run()
          #expect(try world.dump() == expected, "\(place)")
          cuts += 1
        }
      }
    }
    print("\(cuts) power cuts in one scenario")
  }

  @Test func `and another one while starting again lose nothing that was acknowledged`()
    async throws
  {
    let originals = try CrashWorld.originals()
    let whole = CrashWorld(originals)
    try await whole.run()
    let expected = try whole.dump()
    let first = Self.number("KREISNETZ_TEST_SEED") ?? 1
    var cuts = 0
    for seed in first..<first + (Self.number("KREISNETZ_TEST_CRASHES") ?? 20) {
      let random = Seeded(seed)
      let world = CrashWorld(originals)
      for _ in 0..<1 + random.next(below: 12) {
        let machine = CrashWorld.Machine.allCases[random.next(below: 2)]
        // Often soon, so that it hits the start-up.
        let distance = random.next(below: random.next(below: 2) == 0 ? 12 : 200)
        try world.disk(machine).cutPower(after: UInt64(distance))
        if try await run(world) { break }
        let remains = CrashDisk.Remains.allCases[random.next(below: 4)]
        try world.restore(machine, remains, seed: random.next())
        cuts += 1
        guard random.next(below: 2) == 0 else { continue }
        let damage = try world.damage(machine)
        #expect(damage.isEmpty, "seed \(seed)")
      }
      for machine in CrashWorld.Machine.allCases { try world.disk(machine).keepPower() }
      try await world.run()
      #expect(try world.dump() == expected, "seed \(seed)")
      for machine in CrashWorld.Machine.allCases {
        #expect(try world.damage(machine).isEmpty, "seed \(seed)")
      }
    }
    print("\(cuts) random power cuts from seed \(first)")
  }

  @Test func `with synchronous=NORMAL loses what was acknowledged, and that is seen`()
    async throws
  {
    let originals = try CrashWorld.originals()
    let whole = CrashWorld(originals, synchronous: "NORMAL")
    try await whole.run()
    var (cuts, losses) = (0, 0)
    for (machine, operations) in whole.operations() {
      for cut in stride(from: 0, to: operations, by: 25) {
        let world = CrashWorld(originals, synchronous: "NORMAL")
        try world.disk(machine).cutPower(after: cut)
        _ = try await run(world)
        try world.restore(machine, .synced, seed: cut)
        cuts += 1
        if try world.damage(machine).contains(where: { $0.contains("acknowledged") }) {
          losses += 1
        }
      }
    }
    #expect(losses > cuts / 4, "\(losses) of \(cuts)")
  }
}
