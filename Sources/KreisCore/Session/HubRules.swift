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
  /// The hub itself signed entries of its present generation that it does not hold, or the root key
  /// certified a generation that it does not know: it was restored from a backup, or replaced. What
  /// was shown is kept beside the log: nobody else may bring it again (I6).
  case halted(ChainedBundle, after: Hash256, SignedHead, reason: String)
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
    let keys = try keys(of: log, certified, under: membership, logs)
    // Its entry 1 would prove it: a sender that began further on goes back to that.
    if keys.isEmpty, log.scope == .public, bundle.first > 1,
      membership.hub ?? log.member == log.member
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
    guard !keys.isEmpty else {
      return .refused(
        reason: "key generation \(log.generation) of \(log.member) is not known here")
    }
    guard bundle.signature != nil else {
      return .refused(reason: "the bundle carries no signature")
    }
    do {
      guard let (placement, signed, key) = try place(bundle, keys, on: logs, in: membership.realm)
      else { return .conflict }
      let counting = membership.key(of: log.member, generation: log.generation)
      return verdict(
        placement, signed, under: membership, isHubs: isHubs, isGathering,
        // The hub's own certificate counts as soon as its log is gathered.
        isOther: key != counting ?? (isHubs ? key : nil))
    } catch let error as BundleError { return .refused(reason: error.description) }
  }

  /// - Parameter isOther: whether another key signed it than the one that counts in this generation.
  private static func verdict(
    _ placement: Placement, _ signed: SignedHead, under membership: Membership, isHubs: Bool,
    _ isGathering: Bool, isOther: Bool
  ) -> PushVerdict {
    let log = signed.log
    let (news, previous): (ChainedBundle, Hash256)
    switch placement {
    case .held: return .known(signed.head)
    case .next(let chain, let hash), .beside(let chain, let hash): (news, previous) = (chain, hash)
    }
    if !isHubs, news.entries.contains(where: { $0.header.kind == .control }) {
      return .refused(reason: "only the hub writes control entries")
    }
    let closing = membership.closing(of: log)
    if isHubs, !isGathering, closing == nil {
      let proof =
        log.generation > membership.hubGeneration
        ? "the realm's root key certified key generation \(log.generation) of the hub, which it does "
          + "not know"
        : "the hub signed entry \(signed.head.sequence) of its log \(log), which it does not hold"
      return .halted(
        news, after: previous, signed,
        reason: proof + ": it was restored from a backup, or replaced")
    }
    // No fault of whoever goes on with the key that counts: its log stays open.
    if isOther { return .aside(news, after: previous, signed, isFork: false) }
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

  /// The keys that may have signed a log. There may be more than the one that counts: a hub that was
  /// lost or set back may have given a number away that it learns of late, its own or a member's.
  private static func keys(
    of log: LogID, _ certified: VerifyingKey?, under membership: Membership,
    _ logs: some HeldLogs
  ) throws -> [VerifyingKey] {
    var keys: [VerifyingKey] = []
    func add(_ key: VerifyingKey?) { if let key, !keys.contains(key) { keys.append(key) } }
    membership.keys(of: log.member, generation: log.generation).forEach(add)
    add(certified)
    guard log.member == membership.hub else { return keys }
    for certificate in try logs.certificatesAside(of: log.generation)
    where certificate.isValid && certificate.realm == membership.realm
      && certificate.hub == log.member && certificate.generation == log.generation
    {
      add(certificate.key)
    }
    return keys
  }

  /// Where a bundle stands, by the first key that fits.
  private static func place(
    _ bundle: UnverifiedBundle, _ keys: [VerifyingKey], on logs: some HeldLogs,
    in realm: RealmID
  ) throws -> (Placement, SignedHead, VerifyingKey)? {
    var failure: BundleError?
    for key in keys {
      do {
        if let placed = try bundle.placed(on: logs, in: realm, by: key) {
          return (placed.placement, placed.signed, key)
        }
      } catch let error as BundleError { failure = failure ?? error }
    }
    if let failure { throw failure }
    return nil
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
