// SPDX-License-Identifier: EUPL-1.2

extension TownSession {
  /// How the feed is followed.
  package enum FollowMode: Hashable, Sendable {
    /// One response that goes on.
    case stream
    /// Repeated requests that wait: behind a proxy that buffers responses.
    case poll
  }

  package enum Timer: Hashable, Sendable {
    /// Try the feed again.
    case reconnect
    /// Push again what could not be pushed.
    case push(LogID)
    /// Tell the hub what was verified.
    case statement
    /// Look at the others' statements again.
    case comparison
    /// Ask for the next key generation again.
    case generation
    /// Try to stream again, after long polling.
    case stream
  }

  package enum PushResult: Hashable, Sendable {
    /// Acknowledged after the hub's commit. `more`: further entries wait in this log.
    case acknowledged(more: Bool)
    /// The hub held less than was thought; the cursor was set back.
    case rewound
    /// The hub holds other entries of this log than this replica, or more.
    case diverged
    /// The hub closed this log: only the next key generation goes on.
    case closed
    /// The hub refuses this log.
    case refused(reason: String)
    /// Nothing was answered, or "later".
    case unavailable(reason: String, retryAfterSeconds: UInt64?)
  }

  package enum StreamEnd: Hashable, Sendable {
    /// The hub, or a wait without news, ended it in good order.
    case finished
    case unavailable(reason: String, retryAfterSeconds: UInt64?)
    /// Connected, but the first chunk did not come: something buffers.
    case buffered
    /// What came contradicts what was verified before, or does not verify.
    case untrusted(reason: String)
    /// The chunk could not be stored here (disk full).
    case notStored(reason: String)
    /// The hub holds entries of this own log that this replica does not: restored or cloned.
    case behind(LogID)
    /// The hub closed the key generation that asked.
    case closed(generation: UInt32)
    /// Another instance of this member is alive: one of the two is a copy.
    case otherInstance(reason: String)
    /// The hub does not know a feed head that it signed: it was restored, or shows two histories.
    case contradicted(reason: String)
    /// The hub was rebuilt and asks its members for what they hold.
    case gathering(reason: String, retryAfterSeconds: UInt64?)
  }

  /// How the request for the next key generation ended.
  package enum OpenResult: Hashable, Sendable {
    /// The hub granted it and this replica signs with it now.
    case opened(generation: UInt32, unsent: [LogID])
    /// Another instance of this member is alive: one of the two is a copy, and an admin has to stop it.
    case otherInstance(reason: String)
    /// Only an admin can help.
    case refused(reason: String)
    /// The hub was rebuilt, or lost the key that asks, and wants what this replica holds first.
    case gathering(reason: String, retryAfterSeconds: UInt64?)
    case unavailable(reason: String, retryAfterSeconds: UInt64?)
  }

  package enum ReissueResult: Hashable, Sendable {
    /// Everything that was set aside is part of a log again.
    case done(unsent: [LogID])
    /// An own log is not yet held up to its closing.
    case incomplete
    /// Could not be stored here (disk full).
    case notStored(reason: String)
  }

  package enum Event: Hashable, Sendable {
    /// The daemon is up: these logs hold unsent entries; it signs with this key generation, and what
    /// it set aside when it opened that may still have to be issued anew.
    case started(unsent: [LogID], generation: UInt32, isRecovering: Bool)
    case committed([LogID])
    case pushed(LogID, PushResult)
    /// A chunk was verified and stored. `complete`: nothing more waits at the hub; `news`: it moved
    /// a feed, and was no mere heartbeat.
    case merged(complete: Bool, news: Bool)
    case streamEnded(StreamEnd)
    case statementSent(Bool)
    /// The others' statements were fetched and compared, or could not be.
    case statementsCompared
    case generationOpened(OpenResult)
    case reissued(ReissueResult)
    /// The hub was offered all that this replica holds, or what could be offered now.
    case gathered
    /// A chunk began the feeds of the hub's next generation.
    case hubRenewed
    /// The hub was offered what came too late for its gathering. `done`: nothing of it is left;
    /// `unsent`: own logs that its feeds do not show whole, though an earlier hub took them.
    case relayed(done: Bool, unsent: [LogID])
    case timer(Timer)
    /// An admin asked: try everything now.
    case retryNow(unsent: [LogID])
    /// An admin asked for the next key generation.
    case rotate
  }

  package enum Action: Hashable, Sendable {
    case push(LogID)
    /// `own`: with this member's own entries, which it may lack.
    case follow(FollowMode, own: Bool)
    case sendStatement
    /// Fetch the others' statements and compare the feed heads in them.
    case compareStatements
    /// Ask the hub for the key generation after the one that signs now, and take it up.
    case openGeneration
    /// Issue in the new generation what was set aside.
    case reissue
    /// Offer the hub that gathers every log.
    case gather
    /// Offer the hub what this replica holds and its feeds do not show.
    case relay
    /// Milliseconds from now; replaces a timer of the same name.
    case setTimer(Timer, milliseconds: UInt64)
  }

  /// How the exchange stands, for `status`.
  package enum Link: Hashable, Sendable {
    case connecting
    case connected(FollowMode)
    case waiting(reason: String)
    /// What the hub showed was not believed; somebody has to look.
    case alarmed(reason: String)
  }

  /// How far the way into the next key generation is. That way is the whole recovery: of a replica
  /// restored from a backup, of a copy, of a forked log, of a lost or stolen key.
  package enum Recovery: Hashable, Sendable {
    case none
    /// The hub is being asked for the next generation. Nothing else is asked meanwhile: what the old
    /// key signs would be refused.
    case opening
    /// It will be asked again.
    case waiting(reason: String)
    /// The hub said no: an admin has to decide.
    case refused(reason: String)
    /// The new generation is open; the old logs are taken back up to their closings.
    case catchingUp
    /// What the old logs lack is issued anew.
    case reissuing
  }
}
