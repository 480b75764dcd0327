// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// What the directory asks of this member by itself, commit after commit.
///
/// Until a replica has caught up, and while a hub gathers or is halted, there is nothing it could know.
/// What changes in that time it does not look at, so the first commit afterwards makes it look at
/// everything.
package struct DutyRound: Sendable {
  package enum Event: Sendable {
    /// A commit, with the records of which it may ask something.
    case changed(concerning: Set<RecordID>)
    /// Look at everything.
    case all
  }

  /// What was done.
  package struct Done: Hashable, Sendable {
    /// Entries that destroy.
    package let written: Int
    /// Records about which a town asked for something, or whose steward changed.
    package let answered: [RecordID]
  }

  private let store: Store
  private var hasLooked = false

  package init(_ store: Store) { self.store = store }

  /// - Parameter now: seconds since 1970.
  /// - Returns: `nil` if nothing was looked at.
  /// - Throws: `StoreError`; the next event makes it look at everything.
  package mutating func act(on event: Event, at now: UInt64) async throws(StoreError) -> Done? {
    // Nearly every commit: not even worth a look at whether this member may act.
    if case .changed(concerning: let records) = event, hasLooked, records.isEmpty { return nil }
    do {
      guard try await store.read({ try $0.mayActAlone() }) else {
        hasLooked = false
        return nil
      }
      if case .changed(concerning: let records) = event, hasLooked {
        return Done(
          written: try await store.doDuties(on: records, at: now),
          answered: try await store.doHubDuties(on: records, at: now))
      }
      guard let written = try await store.doAllDuties(at: now) else { return nil }
      let answered = try await store.doAllHubDuties(at: now)
      hasLooked = true
      return Done(written: written, answered: answered)
    } catch {
      hasLooked = false
      throw error
    }
  }
}
