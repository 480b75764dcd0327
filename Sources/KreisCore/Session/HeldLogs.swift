// SPDX-License-Identifier: EUPL-1.2

/// What a replica holds of logs and feeds, as verification asks for it. The store answers from its
/// open transaction, so that verdict and commit see the same state.
package protocol HeldLogs {
  func head(of log: LogID) throws -> LogHead?
  /// The header hash at `sequence`, `nil` if the replica does not hold it.
  func hash(of log: LogID, at sequence: UInt64) throws -> Hash256?
  /// The last entry of `log` that the feeds held here show.
  func fed(_ log: LogID) throws -> UInt64
  /// The heads of the stretches of `log` that stand beside its accepted chain.
  func branchHeads(of log: LogID) throws -> [LogHead]
  /// The root certificates of a hub generation that came beside its accepted chain, if any: the hub
  /// was set back to before that generation, or opened a later one without having heard of it.
  func certificatesAside(of generation: UInt32) throws -> [RootCertificate]
  /// The end of the feed of `scope`, `nil` before its first item.
  func feedEnd(of scope: Scope) throws -> FeedPosition?
  /// The hub generation whose feeds the replica holds, 0 before the first: it never follows a lower
  /// one (I2).
  func feedGeneration() throws -> UInt32
  /// The feed hash at `position`, `nil` if the replica has not verified that far.
  func feedHash(of scope: Scope, at position: UInt64) throws -> Hash256?
}

/// Where a bundle stands in relation to the log that a replica holds.
package enum Placement: Hashable, Sendable {
  /// It continues the log, after the header hash given; entries held already are left out.
  case next(ChainedBundle, after: Hash256)
  /// All of it is held, equally.
  case held
  /// Its author signed other entries than are held, from the first given on; they continue the
  /// header hash given. Two signed heads that contradict each other prove a fork (I2).
  case beside(ChainedBundle, after: Hash256)
}

extension UnverifiedBundle {
  /// Chains the bundle on what is held, the accepted chain or a branch, and proves that its author
  /// signed it. A bundle that overlaps what is held is compared there: a push whose answer was lost
  /// is repeated (I6), an author that wrote two histories is found out.
  ///
  /// - Returns: `nil` if it continues nothing that is held, as far as its signature tells.
  /// - Throws: `BundleError`, or what `logs` throws.
  package func placed(
    on logs: some HeldLogs, in realm: RealmID, by key: VerifyingKey
  ) throws -> (placement: Placement, signed: SignedHead)? {
    guard let signature else { throw BundleError.badSignature }
    let held = try logs.head(of: log)?.sequence ?? 0
    let starts = try starts(on: logs, held: held, in: realm)
    guard !starts.isEmpty else { return nil }
    for (start, isBranch) in starts {
      let chain = try chained(after: start, in: realm)
      guard let signed = try? chain.signed(signature, by: key, in: realm) else { continue }
      if isBranch { return (.beside(chain, after: start.hash), signed) }
      return (try place(chain, after: start, held: held, logs), signed)
    }
    // What went before may be another history, on which the signature would hold.
    if first > 1 { return nil }
    throw BundleError.badSignature
  }

  /// What the first entry may continue: the accepted chain first, then branches.
  private func starts(
    on logs: some HeldLogs, held: UInt64, in realm: RealmID
  ) throws -> [(head: LogHead, isBranch: Bool)] {
    if first == 1 { return [(LogChain(log, in: realm).head, false)] }
    var out: [(head: LogHead, isBranch: Bool)] = []
    if first <= held + 1, let hash = try logs.hash(of: log, at: first - 1) {
      out.append((LogHead(sequence: first - 1, hash: hash), false))
    }
    for head in try logs.branchHeads(of: log) where head.sequence == first - 1 {
      out.append((head, true))
    }
    return out
  }

  private func place(
    _ chain: ChainedBundle, after start: LogHead, held: UInt64, _ logs: some HeldLogs
  ) throws -> Placement {
    func remainder(after count: Int) -> (ChainedBundle, Hash256) {
      (
        ChainedBundle(log: log, entries: Array(chain.entries.dropFirst(count)), head: chain.head),
        count == 0 ? start.hash : chain.entries[count - 1].hash
      )
    }
    let overlap = chain.entries.prefix { $0.sequence <= held }
    // Equal ends prove equal chains.
    if let end = overlap.last, try logs.hash(of: log, at: end.sequence) != end.hash {
      let equal = try overlap.prefix { try logs.hash(of: log, at: $0.sequence) == $0.hash }.count
      let (rest, previous) = remainder(after: equal)
      return .beside(rest, after: previous)
    }
    guard overlap.count < chain.entries.count else { return .held }
    let (rest, previous) = remainder(after: overlap.count)
    return .next(rest, after: previous)
  }
}
