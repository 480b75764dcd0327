// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore
import KreisTransport
import SwiftProtobuf

/// Keeps two pieces of evidence that contradict each other under a name.
package typealias EvidenceKeeper =
  @Sendable (_ name: String, _ one: [UInt8], _ other: [UInt8]) throws -> Void

/// Tells the hub what was verified here, and compares what the hub signed for the others with it.
struct StatementExchange: Sendable {
  let client: HubClient
  let store: Store
  /// Keeps proofs until somebody has looked.
  let keepEvidence: EvidenceKeeper
  /// Name and version.
  let software: String
  /// Seconds since 1970.
  let now: @Sendable () -> UInt64

  /// Sends a statement about each feed. It says that every destruction up to there was executed, so
  /// none is made while damage may hide one (I7).
  ///
  /// - Throws: `HubFailure`; `MalformedBytes` if it cannot be signed; `StoreError`.
  func send() async throws {
    let (heads, isHidden) = try await store.read {
      (try $0.feedHeads(), try $0.mayHideDestruction())
    }
    guard !isHidden else {
      throw HubFailure.unavailable(
        reason: "nothing is stated before the damage here is repaired", retryAfterSeconds: nil)
    }
    guard !heads.isEmpty else { return }
    // A statement is a receipt for every destruction up to there (I7).
    guard try await store.finishDestruction() else {
      throw StoreError.retryLater("destroyed values still stand in pages that somebody reads")
    }
    var message = WireStatements()
    for head in heads { message.statements.append(try statement(of: head).wire) }
    do { _ = try await client.post(message, to: "/v1/statements", also: [204]) } catch {
      guard case .refused(let refusal) = error, refusal.name == HubRefusal.Name.statement else {
        throw error
      }
      // It may not know the key that signed the heads: it was set back to before its own rebuilding.
      try await showGeneration()
      throw error
    }
  }

  /// Shows the hub the root key's certificate of its own generation, as this replica knows it. One that
  /// has not heard of it learns so that it was restored, and stops serving.
  private func showGeneration() async throws {
    guard let bundle = try await store.read({ try $0.hubsBeginning() }) else { return }
    _ = try await client.post(WireBundle(bundle), to: "/v1/bundles", also: [409])
  }

  /// Fetches the others' statements and compares the feed heads in them.
  ///
  /// - Returns: a sentence for each alarm; proofs are in the directory then. And why this version is
  ///   too old, if the hub says so.
  /// - Throws: `HubFailure`, `StoreError`, `StateDirectoryError`, `MalformedBytes`.
  func compare(
    _ witness: inout FeedWitness
  ) async throws -> (alarms: [String], outdated: String?) {
    let before = try await store.read { try $0.feedCursors() }
    let answer = try await client.get("/v1/statements")
    guard let wire = try? WireStatements(serializedBytes: answer.body) else {
      throw HubFailure.unavailable(
        reason: "the hub's statements cannot be read", retryAfterSeconds: nil)
    }
    let old = witness
    let (next, alarms, verified, outdated) = try await store.read { snapshot in
      var witness = old
      let membership = snapshot.membership
      guard let hub = membership.hub else {
        return (witness, [FeedWitness.Alarm](), [SignedStatement](), String?.none)
      }
      // One that does not verify proves nothing: its member's key may not have come here yet.
      let statements = wire.statements.compactMap {
        try? SignedStatement(verifying: $0, under: membership)
      }.filter { membership.mayRead(snapshot.identity.member, $0.statement.head.scope) }
      let alarms = try witness.compare(
        statements,
        with: FeedWitness.Verified(
          hub: hub, hubGeneration: membership.hubGeneration, before: before,
          hash: { try snapshot.feedHash(of: $0, at: $1) }))
      let latest = statements.map(\.statement).filter { $0.member == hub }.max { $0.at < $1.at }
      return (witness, alarms, statements, latest.flatMap(Self.outdated))
    }
    witness = next
    // They say who executed which erasure.
    try await store.saveStatements(verified.map(StoredStatement.init))
    var sentences: [String] = []
    for alarm in alarms { sentences.append(try await keep(alarm)) }
    return (sentences, outdated)
  }

  private static func outdated(by hub: FeedStatement) -> String? {
    guard hub.lowestProtocolVersion > protocolVersion || hub.lowestFoldVersion > foldVersion else {
      return nil
    }
    return "the hub asks for protocol version \(hub.lowestProtocolVersion) and fold version "
      + "\(hub.lowestFoldVersion) at least; this program has \(protocolVersion) and "
      + "\(foldVersion) and may show something else than the others: install a later version"
  }

  /// A head that the hub signed contradicts the feed held here: keeps the proof.
  ///
  /// - Returns: whether there is one. A head beyond what is held contradicts nothing.
  /// - Throws: `StoreError`, `StateDirectoryError`, `MalformedBytes`.
  func keepProof(against head: FeedHead) async throws -> Bool {
    let held = try await store.read { try $0.feedHash(of: head.scope, at: head.at.position) }
    guard let held, held != head.at.hash else { return false }
    _ = try await keep(
      .split(
        try statement(of: head),
        held: FeedPosition(position: head.at.position, hash: held)))
    return true
  }

  private func statement(of head: FeedHead) throws(MalformedBytes) -> SignedStatement {
    let wire = try client.statement(of: head, software, now())
    return try SignedStatement(reading: Array(wire.statement), signature: Array(wire.signature))
  }

  private func keep(_ alarm: FeedWitness.Alarm) async throws -> String {
    let theirs: SignedStatement
    var held: FeedPosition?
    var own: SignedStatement?
    switch alarm {
    case .split(let statement, let position): (theirs, held) = (statement, position)
    case .rollback(let later, let earlier): (theirs, own) = (later, earlier)
    }
    let head = theirs.statement.head
    if own == nil {
      let heads = try await store.read { try $0.feedHeads() }
      own = try heads.first { $0.scope == head.scope }.map(statement)
    }
    guard let own else { throw MalformedBytes("there is no feed head of \(head.scope) here") }
    let from = held
    let (here, there) = try await store.read { snapshot in
      (
        try EvidenceJSON.encode(snapshot.evidence(for: own, from: from)),
        try EvidenceJSON.encode(snapshot.evidence(for: theirs))
      )
    }
    let kind = held == nil ? "rollback" : "split"
    let scope = head.scope.description.replacing(":", with: "-")
    let name = "\(kind)-\(scope)-\(head.hubGeneration)-\(head.at.position)"
    try keepEvidence(name, here, there)
    return held == nil
      ? "the hub states position \(head.at.position) of the feed \(head.scope), less than it signed "
        + "before"
      : "the hub signed another history of the feed \(head.scope) for "
        + "\(theirs.statement.member) at position \(head.at.position)"
  }
}
