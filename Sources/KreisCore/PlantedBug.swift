// SPDX-License-Identifier: EUPL-1.2

/// Deliberate mistakes, one each, to prove that the simulator would find them: a checker that never
/// failed proves nothing. They exist only in builds with the package trait `PlantedBugs`; in all
/// others `isPlanted` is `false` at compile time.
package enum PlantedBug: String, CaseIterable, Sendable {
  // Durability
  case synchronousNormal
  case acknowledgesBeforeCommit
  case reusesSequence
  case cursorOutsideTransaction
  case cursorBeforeAcknowledgement
  // Logs and feeds
  case dropsLastEntry
  case unsortedBases
  case skipsSignature
  case acceptsGap
  case skipsHeldItems
  case staleFeedHead
  // The merge
  case ignoresBases
  case tieBreakByArrival
  case clockDecides
  case staleTable
  case withdrawalLoses
  case restateLosesValues
  // Authority and destruction
  case ignoresAuthority
  case destroysForOthers
  case keepsDestroyed
  case resurrectsDestroyed
  case republishesDestroyed
  case leavesDeletedBytes
  // Privacy
  case pushesLocal
  case leaksCoordination
  case widensScope
  // The session
  case forgetsPushTimer
  case retriesAtOnce
  case waitsForever
  case followsTwice
  case hidesAlarm
  // Recovery and upgrade
  case ignoresLeases
  case overlooksRestore
  case hidesSplit
  case forgetsTail
  case keepsOldFold
}

#if PlantedBugs
  import Synchronization

  private struct Planted {
    var bug: PlantedBug?
    /// What `deploy/no-planted-bugs` looks for in a program.
    var mark = "This program was built with planted bugs."
  }

  private let planted = Mutex(Planted())

  /// Plants a bug in this process, or takes it out.
  package func plant(_ bug: PlantedBug?) { planted.withLock { $0.bug = bug } }

  /// Whether the code is to make this mistake.
  package func isPlanted(_ bug: PlantedBug) -> Bool {
    planted.withLock { $0.bug == bug && !$0.mark.isEmpty }
  }
#else
  /// Whether the code is to make this mistake: never.
  @inline(__always)
  package func isPlanted(_ bug: PlantedBug) -> Bool { false }
#endif
