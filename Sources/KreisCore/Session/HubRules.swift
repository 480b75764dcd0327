// SPDX-License-Identifier: EUPL-1.2

/// The hub's judgement of a bundle, pushed by its author or relayed by another member.
package enum PushVerdict: Hashable, Sendable {
  /// Append it to its log and to the feed of its scope.
  case append(ChainedBundle, SignedHead)
  /// It was accepted before; answer with its position again.
  case known(LogHead)
  /// It does not continue the log as the hub holds it; answer with the signed head held.
  case conflict
  /// Its author signed it, but it contradicts what is held (`isFork`), or lies beyond the log's
  /// closing: keep it beside the log, so that nothing is lost (I6), and answer as to a conflict.
  case aside(ChainedBundle, after: Hash256, SignedHead, isFork: Bool)
  /// The hub itself signed entries of its present generation, or of a later one, that it does not
  /// hold: it was restored from a backup, or replaced.
  case halted(reason: String)
  /// Nothing this author may push; the reason goes back. Stops that one log only (I5).
  case refused(reason: String)
}

/// The rules by which the hub accepts bundles: every well-formed, well-chained bundle that a valid
/// member signed, from whoever may read it. Whether an entry takes effect is not decided here but by
/// the fold (I4).
package enum HubRules {
  /// Judges `bundle`, pushed by `sender`, whose request was authenticated.
  ///
  /// - Parameter isGathering: whether the hub collects what it lost. Then its own logs come in too.
  ///   Its public ones prove themselves: a hub that lost everything knows no member yet.
  /// - Throws: what `logs` throws, and nothing else.
  package static func judge(
    _ bundle: UnverifiedBundle, from sender: MemberID, under membership: Membership,
    holding logs: some HeldLogs, isGathering: Bool = false
  ) throws -> PushVerdict {
    let log = bundle.log
    guard log.scope != .local else {
      return .refused(reason: "entries of the scope 'local' stay on their machine")
    }
    let certified = certifiedKey(of: bundle, in: membership)
    let isHubs = log.member == membership.hub || certified != nil
    // Its entry 1 would prove it: a sender that began further on goes back to that.
    if isGathering, log.scope == .public, bundle.first > 1,
      membership.hub ?? log.member == log.member,
      membership.key(of: log.member, generation: log.generation) == nil
    {
      return .conflict
    }
    // What the hub wrote for everybody, anybody may bring back: who joined by an entry that the hub
    // lost is not known to it before.
    if log.member != sender, !(isHubs && log.scope == .public) {
      guard membership.mayRead(sender, log.scope) else {
        return .refused(reason: "\(sender) may not read the scope \(log.scope)")
      }
    }
    guard membership.mayHold(log) || certified != nil else {
      return .refused(reason: "\(log.member) may not write in the scope \(log.scope)")
    }
    guard let key = membership.key(of: log.member, generation: log.generation) ?? certified else {
      return .refused(
        reason: "key generation \(log.generation) of \(log.member) is not known here")
    }
    guard bundle.signature != nil else {
      return .refused(reason: "the bundle carries no signature")
    }
    do {
      guard let (placement, signed) = try bundle.placed(on: logs, in: membership.realm, by: key)
      else { return .conflict }
      return verdict(placement, signed, under: membership, isHubs: isHubs, isGathering)
    } catch let error as BundleError { return .refused(reason: error.description) }
  }

  private static func verdict(
    _ placement: Placement, _ signed: SignedHead, under membership: Membership, isHubs: Bool,
    _ isGathering: Bool
  ) -> PushVerdict {
    let log = signed.log
    let news: ChainedBundle
    switch placement {
    case .held: return .known(signed.head)
    case .next(let chain, _), .beside(let chain, _): news = chain
    }
    if !isHubs, news.entries.contains(where: { $0.header.kind == .control }) {
      return .refused(reason: "only the hub writes control entries")
    }
    let closing = membership.closing(of: log)
    if isHubs, !isGathering, closing == nil {
      return .halted(
        reason: "the hub signed entry \(signed.head.sequence) of its log \(log), which it does not "
          + "hold: it was restored from a backup, or replaced")
    }
    switch placement {
    case .beside(let chain, let previous):
      return .aside(chain, after: previous, signed, isFork: true)
    case .next(let chain, let previous):
      if let closing, signed.head.sequence > closing {
        return .aside(chain, after: previous, signed, isFork: false)
      }
      return .append(chain, signed)
    case .held: return .known(signed.head)
    }
  }

  /// The key that entry 1 of a hub's public log certifies: the log proves itself.
  private static func certifiedKey(
    of bundle: UnverifiedBundle, in membership: Membership
  ) -> VerifyingKey? {
    let log = bundle.log
    guard log.scope == .public, bundle.first == 1, let entry = bundle.entries.first,
      membership.hub ?? log.member == log.member,
      let header = try? EntryBody(decoding: entry.body), header.kind == .control,
      case .root(let certificate)? = try? Control(decoding: header.control),
      certificate.realm == membership.realm, certificate.hub == log.member,
      certificate.generation == log.generation, certificate.isValid
    else { return nil }
    return certificate.key
  }
}
