// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisCore

extension Store {
  /// How long an invite can be used, in seconds, unless told otherwise: a week.
  package static let inviteLifetime: UInt64 = 7 * 86_400

  /// Makes an invite and keeps its secret; an unused one of the same name is replaced, which is how
  /// an expired or lost one is renewed.
  ///
  /// - Parameters:
  ///   - name: lower-case letters, digits and hyphens, at most 64.
  ///   - ags: the municipality's official key, 8 digits (5 for a Kreis).
  ///   - lifetime: seconds.
  ///   - now: seconds since 1970.
  ///   - secret: 32 random bytes.
  /// - Throws: `StoreError.rejected` for a name, title or key that is not usable or taken.
  package func invite(
    name: String, title: String, ags: String, lifetime: UInt64 = inviteLifetime, at now: UInt64,
    secret: [UInt8]
  ) throws(StoreError) -> Invite {
    guard identity.role == .hub else {
      throw .rejected("Only the hub invites; this is the state directory of \(identity.title).")
    }
    guard Self.isName(name), name != identity.name else {
      throw .rejected(
        "'\(name)' cannot be a member's name: lower-case letters, digits and hyphens, at most "
          + "\(Invite.nameBytes), beginning with a letter, and not '\(identity.name)'.")
    }
    guard !title.isEmpty, title.utf8.count <= Invite.titleBytes else {
      throw .rejected("The title is empty or longer than \(Invite.titleBytes) bytes.")
    }
    guard Self.isAGS(ags) else {
      throw .rejected("'\(ags)' is no official municipality key (AGS): 8 digits, or 5 for a Kreis.")
    }
    return try invite(
      name: name, title: title, ags: ags, member: nil, lifetime: lifetime, at: now, secret: secret)
  }

  /// Makes an invite for a member that lost its key: who joins with it gets the member's next key
  /// generation. It replaces the one that the member joined with.
  ///
  /// - Parameter name: the member's.
  /// - Throws: `StoreError.rejected` if there is no such member, or it was revoked.
  package func inviteAgain(
    name: String, lifetime: UInt64 = inviteLifetime, at now: UInt64, secret: [UInt8]
  ) throws(StoreError) -> Invite {
    let membership = membership
    guard let member = membership.members.values.first(where: { $0.name == name }),
      member.id != membership.hub
    else { throw .rejected("There is no member '\(name)'.") }
    guard !member.isRevoked else {
      throw .rejected("'\(name)' was revoked and cannot be invited again; choose another name.")
    }
    return try invite(
      name: name, title: member.title, ags: member.ags, member: member.id, lifetime: lifetime,
      at: now, secret: secret)
  }

  private func invite(
    name: String, title: String, ags: String, member: MemberID?, lifetime: UInt64, at now: UInt64,
    secret: [UInt8]
  ) throws(StoreError) -> Invite {
    let identity = identity
    let expiresAt = now + lifetime
    let invite: Invite
    do throws(InviteError) {
      invite = try Invite(
        realm: identity.realm, url: identity.hubURL,
        trust: identity.hubPin.flatMap { Hash256($0) }.map { .pinnedKey($0) } ?? .authorities,
        name: name, title: title, secret: secret, expiresAt: expiresAt, kreis: identity.kreis,
        member: member)
    } catch { throw .rejected(error.description) }
    try saveInvite(
      StoredInvite(
        name: name, title: title, ags: ags, secret: secret, expiresAt: expiresAt, usedBy: nil,
        member: member), at: now)
    return invite
  }

  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= Invite.nameBytes else { return false }
    return (97...122).contains(first)
      && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }

  /// Whether the text has the form of an official key of a municipality or a Kreis.
  package static func isAGS(_ text: String) -> Bool {
    [5, 8].contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
  }
}
