// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

extension LogJSON {
  /// What a control entry decides: `act`, and what that act has.
  static func control(_ bytes: [UInt8]) -> JSONValue {
    let decoded: Control?
    do { decoded = try Control(decoding: bytes) } catch {
      return ["act": "malformed", "bytes": .string(Hex.encode(bytes))]
    }
    guard let act = decoded else { return ["act": "unknown", "bytes": .string(Hex.encode(bytes))] }
    switch act {
    case .root(let certificate):
      return [
        "act": "root", "realm": .string(certificate.realm.description),
        "hub": member(certificate.hub), "generation": .integer(Int(certificate.generation)),
        "key": key(certificate.key), "closes": .array(certificate.closes.map(closed)),
        "title": .string(certificate.title), "ags": .string(certificate.ags),
        "signature": .string(Hex.encode(certificate.signature)),
      ]
    case .memberAdded(let id, let name, let title, let ags, let key):
      return [
        "act": "member_added", "member": member(id), "name": .string(name),
        "title": .string(title), "ags": .string(ags), "key": Self.key(key),
      ]
    case .keyAdded(let id, let generation, let key, let closes):
      return [
        "act": "key_added", "member": member(id), "generation": .integer(Int(generation)),
        "key": Self.key(key), "closes": .array(closes.map(closed)),
      ]
    case .closing(let id, let closes, let revoked):
      return [
        "act": "closing", "member": member(id), "closes": .array(closes.map(closed)),
        "revoked": .bool(revoked),
      ]
    case .stewards(let record, let list):
      return [
        "act": "stewards", "record": .string(record.description),
        "stewards": .array(list.map(steward)),
      ]
    case .quota(let id, let entries, let bytes):
      return [
        "act": "quota", "member": member(id), "entries": .number(String(entries)),
        "bytes": .number(String(bytes)),
      ]
    }
  }

  private static func member(_ id: MemberID) -> JSONValue { .string(id.description) }

  private static func key(_ key: VerifyingKey) -> JSONValue { .string(Hex.encode(key.bytes)) }

  private static func closed(_ log: ClosedLog) -> JSONValue {
    [
      "generation": .integer(Int(log.generation)), "scope": .string(log.scope.description),
      "last": .number(String(log.last)),
    ]
  }

  private static func steward(_ steward: Steward) -> JSONValue {
    [
      "member": member(steward.member),
      "logs": .array(
        steward.logs.map { stretch in
          [
            "generation": .integer(Int(stretch.generation)),
            "scope": .string(stretch.scope.description), "from": .number(String(stretch.from)),
            "to": stretch.to.map { .number(String($0)) } ?? .null,
          ]
        }),
    ]
  }
}
