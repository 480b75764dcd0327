// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a town needs to join: one line of text that the hub's admin hands over.
///
///     kreisnetz1:BASE64URL        (of the protobuf message `Invite`)
///     SCHULUNG-kreisnetz1:…       (the same, of a training realm)
///
/// It says where the hub is, how its TLS key is trusted and which realm it belongs to, so that
/// nothing has to be believed on first contact. The secret proves the invitation (`JoinProof`) and
/// never travels.
package struct Invite: Hashable, Sendable {
  package enum Trust: Hashable, Sendable {
    /// SHA-256 of the SubjectPublicKeyInfo of the hub's TLS key.
    case pinnedKey(Hash256)
    /// A certificate from an authority that the machine trusts.
    case authorities
  }

  package let realm: RealmID
  /// `https://HOST` or `https://HOST:PORT`.
  package let url: String
  package let trust: Trust
  /// The member's short name in the realm, which the secret belongs to.
  package let name: String
  /// The member's name for people.
  package let title: String
  /// 32 random bytes.
  package let secret: [UInt8]
  /// Seconds since 1970.
  package let expiresAt: UInt64
  /// The name of the Kreis, for people.
  package let kreis: String
  /// The member that lost its key, if the invite is for one.
  package let member: MemberID?

  /// - Throws: `InviteError` for what no town could use.
  package init(
    realm: RealmID, url: String, trust: Trust, name: String, title: String, secret: [UInt8],
    expiresAt: UInt64, kreis: String, member: MemberID? = nil
  ) throws(InviteError) {
    guard Self.isBase(url: url) else { throw .url(url) }
    guard secret.count == 32, !name.isEmpty, name.utf8.count <= Self.nameBytes,
      title.utf8.count <= Self.titleBytes, kreis.utf8.count <= Self.titleBytes
    else { throw .content }
    self.realm = realm
    self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    self.trust = trust
    self.name = name
    self.title = title
    self.secret = secret
    self.expiresAt = expiresAt
    self.kreis = kreis
    self.member = member
  }

  /// Bytes of a member's name.
  package static let nameBytes = 64
  /// Bytes of a title for people.
  package static let titleBytes = 256
  /// Characters of the text; the largest invite within the other limits is shorter.
  static let textLength = 4_096
  static let prefix = "kreisnetz1:"
  static let trainingPrefix = TrainingRealm.mark + "-" + prefix

  /// Whether it is for a training realm.
  package var isTraining: Bool { TrainingRealm.isMarked(kreis) }

  /// SHA-256 of the hub's TLS key; `nil` where authorities vouch for it.
  package var pin: [UInt8]? {
    switch trust {
    case .pinnedKey(let hash): hash.bytes
    case .authorities: nil
    }
  }
}

/// Why a text is no invite that can be used. Written for the admin who pasted it.
package enum InviteError: Error, Hashable, CustomStringConvertible {
  case prefix
  case version
  case damaged
  case content
  case url(String)

  package var description: String {
    switch self {
    case .prefix:
      "This is not an invite: an invite is one line that begins with \(Invite.prefix)"
        + " Copy it whole, from the hub's \"kreisnetz hub invite\"."
    case .version:
      "This invite was made by a newer version of Kreisnetz. Upgrade this machine first."
    case .damaged:
      "The invite is damaged: some of it is missing or was changed on the way."
        + " Copy the whole line again, from \(Invite.prefix) to its end."
    case .content:
      "The invite can be read, but what it says makes no sense. Ask the hub's admin for a new one."
    case .url(let url):
      "The hub's address \"\(url)\" is not of the form https://host or https://host:port."
    }
  }
}

extension Invite {
  /// The line to hand over.
  ///
  /// - Throws: what protobuf throws when it cannot encode.
  package func text() throws -> String {
    let message = WireInvite.with {
      $0.realm = .init(realm.bytes)
      $0.url = url
      switch trust {
      case .pinnedKey(let hash): $0.pinnedKey = .init(hash.bytes)
      case .authorities: $0.authorities = true
      }
      $0.name = name
      $0.title = title
      $0.secret = .init(secret)
      $0.expiresAt = expiresAt
      $0.kreis = kreis
      $0.member = member?.rawValue ?? 0
    }
    let bytes: [UInt8] = try message.serializedBytes()
    // The check makes a character lost in the middle a damaged invite instead of a wrong secret.
    let prefix = isTraining ? Self.trainingPrefix : Self.prefix
    return prefix + Base64.encodeURL(bytes + Self.check(bytes))
  }

  /// Reads an invite as it was pasted: white space inside, as mail programs insert it where they
  /// break lines, does not matter.
  ///
  /// - Throws: `InviteError`. Expiry is the hub's to judge: this
  ///   machine's clock may be wrong.
  package init(text: String) throws(InviteError) {
    guard text.utf8.count <= Self.textLength * 2 else { throw .prefix }
    let line = text.filter { !$0.isWhitespace }
    let prefix = line.hasPrefix(Self.trainingPrefix) ? Self.trainingPrefix : Self.prefix
    guard line.hasPrefix(prefix) else {
      throw Self.isOtherVersion(line) ? .version : .prefix
    }
    guard line.utf8.count <= Self.textLength,
      let bytes = Base64.decodeURL(line.dropFirst(prefix.count)), bytes.count > 4,
      Self.check(Array(bytes.dropLast(4))) == Array(bytes.suffix(4)),
      let message = try? WireInvite(serializedBytes: Array(bytes.dropLast(4)))
    else { throw .damaged }
    guard let realm = RealmID(message.realm) else { throw .content }
    let trust: Trust
    switch message.trust {
    case .pinnedKey(let key):
      guard let hash = Hash256(key) else { throw .content }
      trust = .pinnedKey(hash)
    case .authorities(true): trust = .authorities
    case .authorities(false), nil: throw .content
    }
    let member = MemberID(message.member)
    guard member != nil || message.member == 0 else { throw .content }
    // Nobody is to take one for the other by its first word.
    guard TrainingRealm.isMarked(message.kreis) == (prefix == Self.trainingPrefix) else {
      throw .content
    }
    try self.init(
      realm: realm, url: message.url, trust: trust, name: message.name, title: message.title,
      secret: Array(message.secret), expiresAt: message.expiresAt, kreis: message.kreis,
      member: member)
  }

  private static func check(_ bytes: [UInt8]) -> [UInt8] { Array(Hash256(of: bytes).bytes[..<4]) }

  private static func isOtherVersion(_ line: String) -> Bool {
    guard line.hasPrefix("kreisnetz"), let colon = line.firstIndex(of: ":") else { return false }
    let version = line[line.index(line.startIndex, offsetBy: 9)..<colon]
    return !version.isEmpty && version.allSatisfy { "0"..."9" ~= $0 }
  }

  /// A scheme and an authority: a path would have to be rewritten by a proxy, and requests sign it.
  package static func isBase(url: String) -> Bool {
    guard url.utf8.count <= 512, url.hasPrefix("https://") else { return false }
    var authority = url.dropFirst(8)
    if authority.hasSuffix("/") { authority = authority.dropLast() }
    var host = authority
    if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
      guard let port = UInt16(authority[authority.index(after: colon)...]), port > 0 else {
        return false
      }
      host = authority[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      return host.dropFirst().dropLast().utf8.allSatisfy(isAddressByte) && host.utf8.count > 4
    }
    return !host.isEmpty && host.utf8.allSatisfy(isHostByte)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 45, 46, 48...57, 65...90, 97...122: true
    default: false
    }
  }

  /// Of an IPv6 address in brackets.
  private static func isAddressByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 46, 48...58, 65...70, 97...102: true
    default: false
    }
  }
}
