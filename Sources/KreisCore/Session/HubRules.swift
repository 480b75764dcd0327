/// The hub's judgement of a pushed bundle.
package enum PushVerdict: Hashable, Sendable {
  /// Append it to its log and to the feed of its scope.
  case append(ChainedBundle, SignedHead)
  /// It was accepted before; answer with its position again.
  case known(LogHead)
  /// It does not continue the log as the hub holds it; answer with the signed head held.
  case conflict
  /// Nothing this author may push; the reason goes back. Stops that one log only (I5).
  case refused(reason: String)
}

/// The rules by which the hub accepts bundles: every well-formed, well-chained bundle of a valid
/// member. Whether an entry takes effect is not decided here but by the fold (I4).
package enum HubRules {
  /// Judges `bundle`, pushed by `sender`, whose request was authenticated.
  ///
  /// - Throws: what `logs` throws, and nothing else.
  package static func judge(
    _ bundle: UnverifiedBundle, from sender: MemberID, under membership: Membership,
    holding logs: some HeldLogs
  ) throws -> PushVerdict {
    let log = bundle.log
    guard log.member == sender else {
      return .refused(reason: "the bundle is of member \(log.member), but \(sender) pushed it")
    }
    guard log.scope != .local else {
      return .refused(reason: "entries of the scope 'local' stay on their machine")
    }
    guard membership.mayHold(log) else {
      return .refused(reason: "\(sender) may not write in the scope \(log.scope)")
    }
    guard let key = membership.key(of: sender, generation: log.generation) else {
      return .refused(reason: "key generation \(log.generation) of \(sender) is not known here")
    }
    if let closing = membership.closing(of: log), bundle.last > closing {
      return .refused(
        reason: "the log \(log) is closed after entry \(closing); open the next key generation")
    }
    guard let signature = bundle.signature else {
      return .refused(reason: "the bundle carries no signature")
    }
    do {
      switch try bundle.chained(on: logs, in: membership.realm) {
      case .held(let head): return .known(head)
      case .new(let chain):
        if sender != membership.hub, chain.entries.contains(where: { $0.header.kind == .control }) {
          return .refused(reason: "only the hub writes control entries")
        }
        return .append(chain, try chain.signed(signature, by: key, in: membership.realm))
      }
    } catch let error as BundleError {
      switch error {
      case .notContinuing, .forked: return .conflict
      case .malformed, .badSignature, .unknownAuthor: return .refused(reason: error.description)
      }
    }
  }
}
