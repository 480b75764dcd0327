// SPDX-License-Identifier: EUPL-1.2

/// A federation (one Kreis), named by its Ed25519 root public key.
package struct RealmID: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// Takes exactly 32 bytes; `nil` for any other number.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  /// 64 lower-case hexadecimal digits.
  package var description: String { Hex.encode(bytes) }
}

/// A town or the hub: a random 48-bit number that the hub assigns and never reuses.
package struct MemberID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: UInt64

  /// `nil` for zero and for what does not fit in 48 bits.
  package init?(_ rawValue: UInt64) {
    guard rawValue != 0, rawValue < 1 << 48 else { return nil }
    self.rawValue = rawValue
  }

  /// Reads the 12 hexadecimal digits of `description`.
  package init?(text: some StringProtocol) {
    guard text.utf8.count == 12, let value = UInt64(text, radix: 16) else { return nil }
    self.init(value)
  }

  /// 12 lower-case hexadecimal digits.
  package var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return Hex.encode(bytes)
  }

  package func append(to out: inout [UInt8]) {
    for shift in stride(from: 40, through: 0, by: -8) {
      out.append(UInt8(truncatingIfNeeded: rawValue >> UInt64(shift)))
    }
  }

  package static func < (lhs: MemberID, rhs: MemberID) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// A fixed set of readers. Entitlement is decided by whole logs (I7), so each log has one.
package enum Scope: Hashable, Sendable {
  case `public`
  case kreis
  case coordination(MemberID)
  case local

  /// The number in headers and messages, and the order from widest to narrowest.
  package var kind: UInt8 {
    switch self {
    case .public: 1
    case .kreis: 2
    case .coordination: 3
    case .local: 4
    }
  }

  /// The town of a coordination scope.
  package var town: MemberID? {
    if case .coordination(let town) = self { town } else { nil }
  }

  /// `nil` for unknown kinds, and where a town is missing or out of place: unknown scopes are never
  /// relayed.
  package init?(kind: UInt64, town: UInt64) {
    switch (kind, town) {
    case (1, 0): self = .public
    case (2, 0): self = .kreis
    case (3, _):
      guard let member = MemberID(town) else { return nil }
      self = .coordination(member)
    case (4, 0): self = .local
    default: return nil
    }
  }

  /// Reads `description`.
  package init?(text: some StringProtocol) {
    switch text {
    case "public": self = .public
    case "kreis": self = .kreis
    case "local": self = .local
    default:
      guard text.hasPrefix("coordination:"), let town = MemberID(text: text.dropFirst(13)) else {
        return nil
      }
      self = .coordination(town)
    }
  }

  func append(to out: inout [UInt8]) {
    out.append(kind)
    town?.append(to: &out)
  }
}

extension Scope: Comparable, CustomStringConvertible {
  /// Widest first; coordination scopes by town.
  package static func < (lhs: Scope, rhs: Scope) -> Bool {
    (lhs.kind, lhs.town?.rawValue ?? 0) < (rhs.kind, rhs.town?.rawValue ?? 0)
  }

  package var description: String {
    switch self {
    case .public: "public"
    case .kreis: "kreis"
    case .coordination(let town): "coordination:\(town)"
    case .local: "local"
    }
  }
}

/// One log: what one key generation of one member writes for one set of readers. The realm is the
/// same for all logs of a replica and enters where hashes and signatures are taken.
package struct LogID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let member: MemberID
  package let generation: UInt32
  package let scope: Scope

  package init(member: MemberID, generation: UInt32, scope: Scope) {
    self.member = member
    self.generation = generation
    self.scope = scope
  }

  package static func < (lhs: LogID, rhs: LogID) -> Bool {
    (lhs.member, lhs.generation, lhs.scope) < (rhs.member, rhs.generation, rhs.scope)
  }

  package var description: String { "\(member)/\(generation)/\(scope)" }

  /// The canonical form that hashes and signatures cover: realm (32) ‖ member (6, most significant
  /// byte first) ‖ generation (varint) ‖ scope kind (1) ‖ town (6, coordination only).
  package func canonical(in realm: RealmID) -> [UInt8] {
    var out = realm.bytes
    out.reserveCapacity(52)
    member.append(to: &out)
    out.appendVarint(UInt64(generation))
    scope.append(to: &out)
    return out
  }
}

/// A record's id: a version-8 UUID (RFC 9562 §5.8) of the creator's member id (48 bits) and 74
/// random bits, so that everybody can read off who created it (I4).
package struct RecordID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  /// A new id from 74 of the 128 random bits given.
  package init(creator: MemberID, random: (UInt64, UInt64)) {
    high = creator.rawValue << 16 | 0x8000 | (random.0 & 0x0fff)
    low = 0x8000_0000_0000_0000 | (random.1 & 0x3fff_ffff_ffff_ffff)
  }

  /// Takes the 16 bytes of a version-8 UUID with a valid creator; `nil` for anything else.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    for byte in bytes {
      words = (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
    }
    self.init(high: words.0, low: words.1)
  }

  init?(high: UInt64, low: UInt64) {
    guard high & 0xf000 == 0x8000, low >> 62 == 2, MemberID(high >> 16) != nil else { return nil }
    self.high = high
    self.low = low
  }

  /// Reads the 36 characters of the usual UUID form, of either case.
  package init?(text: some StringProtocol) {
    // An import asks this of every external id, most of which are none; what is served, of each reference.
    guard text.utf8.count == 36 else { return nil }
    var (high, low): (UInt64, UInt64) = (0, 0)
    for (place, digit) in String(text).utf8.enumerated() {
      switch place {
      case 8, 13, 18, 23: guard digit == UInt8(ascii: "-") else { return nil }
      default:
        guard let value = Hex.value(digit) else { return nil }
        (high, low) = (high << 4 | low >> 60, low << 4 | UInt64(value))
      }
    }
    self.init(high: high, low: low)
  }

  /// Who created the record.
  package var creator: MemberID? { MemberID(high >> 16) }

  package var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(16)
    out.appendBigEndian(high)
    out.appendBigEndian(low)
    return out
  }

  package static func < (lhs: RecordID, rhs: RecordID) -> Bool {
    (lhs.high, lhs.low) < (rhs.high, rhs.low)
  }

  /// The usual UUID form in lower case.
  package var description: String { Hex.uuid(bytes) }
}
