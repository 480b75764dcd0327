// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// What somebody saw of a record's fields, so that an edit can tell whether they changed since: per field a
/// hash of its heads in all scopes. It holds no value, and is equal as long as the field is.
enum FieldVersion {
  static func digest(_ field: Field, _ state: RecordState) -> String {
    var bytes: [UInt8] = []
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key }) {
      let hashes = part.registers[tag: field.tag].flatMap(\.value).map(\.hash).sorted()
      guard !hashes.isEmpty else { continue }
      bytes += Array(scope.description.utf8)
      for hash in hashes { bytes += hash.bytes }
    }
    return String(Hash256(of: bytes).description.prefix(16))
  }

  /// `{NAME: VERSION}` of all fields of the kind, empty ones too.
  static func all(_ state: RecordState, _ kind: RecordKind) -> JSONValue {
    .object(kind.fields.map { JSONValue.Member($0.name, .string(digest($0, state))) })
  }

  /// The fields of `seen`, an object as of `all`, that are not as they were seen.
  static func changed(since seen: JSONValue, _ state: RecordState, _ kind: RecordKind) -> [Field] {
    guard case .object(let members) = seen else { return [] }
    return members.compactMap { member in
      guard let field = try? kind.field(named: member.name) else { return nil }
      return member.value.text == digest(field, state) ? nil : field
    }
  }
}
