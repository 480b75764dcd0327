/// What a replica holds of logs and feeds, as verification asks for it. The store answers from its
/// open transaction, so that verdict and commit see the same state.
package protocol HeldLogs {
  func head(of log: LogID) throws -> LogHead?
  /// The header hash at `sequence`, `nil` if the replica does not hold it.
  func hash(of log: LogID, at sequence: UInt64) throws -> Hash256?
  /// The last entry of `log` that the feeds held here show.
  func fed(_ log: LogID) throws -> UInt64
  /// The end of the feed of `scope`, `nil` before its first item.
  func feedEnd(of scope: Scope) throws -> FeedPosition?
  /// The hub generation whose feeds the replica holds, 0 before the first: it never follows a lower
  /// one (I2).
  func feedGeneration() throws -> UInt32
  /// The feed hash at `position`, `nil` if the replica has not verified that far.
  func feedHash(of scope: Scope, at position: UInt64) throws -> Hash256?
}

extension UnverifiedBundle {
  /// How much of a bundle is new.
  package enum Novelty: Hashable, Sendable {
    /// Continues what is held; the first `dropped` entries were held already.
    case new(ChainedBundle)
    /// All of it is held, equally.
    case held(LogHead)
  }

  /// Chains the bundle on what is held. A bundle that overlaps it is compared there: a push whose
  /// answer was lost is repeated (I6), an author that wrote two histories is found out (I2).
  ///
  /// - Throws: `BundleError`, or what `logs` throws.
  package func chained(on logs: some HeldLogs, in realm: RealmID) throws -> Novelty {
    let head = try logs.head(of: log)
    let held = head?.sequence ?? 0
    guard first <= held + 1 else {
      throw BundleError.notContinuing(expected: held + 1, found: first)
    }
    if first == held + 1 { return .new(try chained(after: head, in: realm)) }

    var start: LogHead?
    if first > 1 {
      guard let hash = try logs.hash(of: log, at: first - 1) else {
        throw BundleError.notContinuing(expected: held + 1, found: first)
      }
      start = LogHead(sequence: first - 1, hash: hash)
    }
    let chain = try chained(after: start, in: realm)
    let overlapEnd = min(last, held)
    let compared = chain.entries[Int(overlapEnd - first)].hash
    guard try logs.hash(of: log, at: overlapEnd) == compared else {
      throw BundleError.forked(sequence: overlapEnd)
    }
    if last <= held { return .held(chain.head) }
    return .new(
      ChainedBundle(
        log: log, entries: Array(chain.entries[Int(overlapEnd - first + 1)...]), head: chain.head))
  }
}
