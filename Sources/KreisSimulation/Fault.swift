// SPDX-License-Identifier: EUPL-1.2

/// What can go wrong in a simulation; `--only` chooses.
package enum Fault: String, CaseIterable, Sendable {
  /// Requests and answers are lost.
  case drop
  /// Requests arrive twice.
  case duplicate
  /// Messages take long, and overtake each other.
  case delay
  /// Messages end early, or are cut short and given out as whole.
  case truncate
  /// Streams fall silent although both ends believe in them.
  case halfOpen
  /// Streams are held back until they end.
  case buffer
  /// Towns are cut off for minutes.
  case partition
  /// Town or hub is killed at any step, and comes back.
  case crash
  /// The power fails in the middle of a write: only what was synced is certain to be there.
  case powerCut
  /// A disk is full for a while.
  case diskFull
  /// Clocks run years ahead or behind, stand still, or jump.
  case clock
  /// A town changes its key in mid-flight.
  case rotate
  /// A town comes back from an old backup, and writes on before it notices.
  case restore
  /// A town's machine is copied, and both run.
  case clone
  /// The hub is lost with all its backups, and replaced by an empty one that gathers.
  case hubLost
  /// The hub is set back to an old backup.
  case hubRestored
  /// A town runs an older version, which knows fewer fields and kinds, and is upgraded on the way.
  case olderVersion
  /// A member is revoked while it writes offline.
  case revoke
  /// A town does what the protocol forbids.
  case maliciousTown
  /// The hub withholds, reorders, changes or takes back.
  case maliciousHub
  /// The hub shows two towns different histories.
  case splitView
}

/// Which faults strike in one seed, and how often. Each seed takes some and leaves others, so that
/// the rare combinations come up and no fault hides another.
struct FaultPlan: Sendable {
  let faults: Set<Fault>
  /// How often a message meets its fault, in percent.
  let rate: Int
  /// While the network and the nodes misbehave; the liveness phase ends it.
  var isActive = true

  init(_ allowed: Set<Fault>, _ random: inout SeededRandom) {
    var chosen: Set<Fault> = []
    let share = random.within(20...70)
    for fault in Fault.allCases {
      let strikes = random.chance(share)
      if allowed.contains(fault), strikes || allowed.count <= 2 { chosen.insert(fault) }
    }
    // A hub that shows two histories ends with one of them; what the other half of the realm did
    // meanwhile cannot be told from what such a hub made up. So that strikes without other upheavals.
    if chosen.contains(.splitView), allowed.count <= 2 || random.chance(25) {
      chosen.subtract([.clone, .hubLost, .hubRestored, .restore, .revoke, .rotate])
    } else {
      chosen.remove(.splitView)
    }
    rate = random.within(2...25)
    faults = chosen
  }

  func has(_ fault: Fault) -> Bool { isActive && faults.contains(fault) }
}
