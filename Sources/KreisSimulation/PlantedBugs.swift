// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

extension PlantedBug {
  /// The checkers that are meant to find it; one of them must.
  package var checkers: Set<Checker> {
    switch self {
    case .synchronousNormal: [.durability]
    case .reusesSequence: [.durability, .soundness]
    case .acknowledgesBeforeCommit: [.durability, .acknowledged]
    case .cursorBeforeAcknowledgement: [.acknowledged]
    case .dropsLastEntry: [.chain, .soundness]
    case .skipsSignature, .hidesAlarm, .acceptsGap: [.attack]
    case .unsortedBases: [.soundness, .liveness]
    case .skipsHeldItems, .staleFeedHead, .forgetsPushTimer, .waitsForever:
      [.liveness]
    case .ignoresBases, .clockDecides, .restateLosesValues, .withdrawalLoses, .forgetsTail:
      [.acknowledged]
    case .tieBreakByArrival: [.convergence, .acknowledged]
    case .staleTable, .resurrectsDestroyed: [.fold, .soundness]
    case .cursorOutsideTransaction: [.chain, .soundness, .convergence]
    case .ignoresAuthority: [.authority]
    case .destroysForOthers: [.authority, .acknowledged]
    case .ignoresLeases: [.instances]
    case .overlooksRestore: [.liveness]
    case .hidesSplit: [.attack]
    case .keepsOldFold: [.fold, .soundness]
    case .republishesDestroyed: [.privacy, .convergence]
    case .leavesDeletedBytes, .keepsDestroyed, .pushesLocal, .leaksCoordination, .widensScope:
      [.privacy]
    case .retriesAtOnce, .followsTwice: [.bounds]
    }
  }

  /// The faults under which it shows.
  package var faults: Set<Fault> {
    switch self {
    case .synchronousNormal, .cursorOutsideTransaction: [.powerCut]
    case .reusesSequence, .acknowledgesBeforeCommit: [.crash, .drop]
    case .cursorBeforeAcknowledgement, .forgetsPushTimer: [.drop]
    case .waitsForever, .retriesAtOnce: [.partition, .crash]
    case .skipsSignature, .ignoresAuthority: [.maliciousTown]
    case .acceptsGap, .hidesAlarm: [.maliciousHub]
    case .clockDecides, .tieBreakByArrival, .ignoresBases, .withdrawalLoses: [.partition, .clock]
    case .followsTwice: [.delay]
    case .ignoresLeases: [.clone]
    case .overlooksRestore: [.hubRestored]
    case .hidesSplit: [.splitView]
    case .keepsOldFold: [.olderVersion]
    case .republishesDestroyed: [.hubLost, .partition]
    case .forgetsTail: [.rotate, .partition]
    default: []
    }
  }
}
