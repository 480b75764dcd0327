// SPDX-License-Identifier: EUPL-1.2

import CCrashDisk
import Foundation
import GRDB
import KreisStore
import Testing

/// Disks that fail to read, once or from then on. If `KREISNETZ_TEST_CRASHES` is set, every reading fails
/// in turn instead of every sixtieth.
@Suite struct `A disk that does not give back what it holds` {
  private enum Afterwards: CaseIterable {
    /// The work goes on with the same connections.
    case goOn
    /// The daemon is started again, as systemd does.
    case startAgain
  }

  @Test func `loses nothing and makes nothing up, whichever reading fails`() async throws {
    let originals = try CrashWorld.originals()
    let whole = CrashWorld(originals)
    try await whole.run()
    let expected = try whole.dump()
    let isLong = ProcessInfo.processInfo.environment["KREISNETZ_TEST_CRASHES"] != nil
    for machine in CrashWorld.Machine.allCases {
      var (failed, inVain, successes) = (0, 0, UInt64(0))
      // Past the last reading nothing fails any more.
      while inVain < 3 {
        for times in [UInt64(1), 1_000_000] {
          for afterwards in Afterwards.allCases {
            let world = CrashWorld(originals)
            try world.disk(machine).fail(CRASH_DISK_READ, after: successes, times: times)
            let isDone = try await run(world, machine)
            (failed, inVain) = isDone ? (failed, inVain + 1) : (failed + 1, 0)
            try world.disk(machine).fail(CRASH_DISK_READ, times: 0)
            if afterwards == .startAgain { world.stop(machine) }
            try await world.run()
            #expect(try world.damage(machine).isEmpty, "\(machine) \(successes) \(times)")
            #expect(try world.dump() == expected, "\(machine) \(successes) \(times) \(afterwards)")
          }
        }
        successes += isLong ? 1 : 60
      }
      #expect(failed > 5, "\(machine)")
      print("\(failed) readings failed at the \(machine)")
    }
  }

  private func run(_ world: CrashWorld, _ machine: CrashWorld.Machine) async throws -> Bool {
    do {
      try await world.run()
      return true
    } catch let error as StoreError {
      // Neither wrong input nor something that was read and found damaged.
      guard case .stateUnknown(let text) = error else {
        Issue.record("\(machine): \(error)")
        return false
      }
      #expect(text.contains("the disk reports an error"))
      return false
    } catch is DatabaseError {
      // Of the connection by which the test looks at what was acknowledged.
      return false
    }
  }
}
