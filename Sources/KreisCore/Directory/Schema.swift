// SPDX-License-Identifier: EUPL-1.2

/// The directory's table: every kind and field there is.
///
/// Names follow Open Referral HSDS 3.0 where it has them. To add a field, add one line to its kind
/// with the next free tag; tags and names of released versions are never changed or reused.
package struct Schema: Sendable, Equatable {
  package let kinds: [RecordKind]
  private let indexByName: [String: Int]
  private let indexByTag: [UInt32: Int]

  package static let directory = Schema(kinds: [
    .organization, .location, .address, .contact, .phone, .roleAssignment, .service,
    .serviceAtLocation, .schedule, .serviceArea, .taxonomyTerm, .municipality, .network,
    .networkMembership, .workingGroup, .networkMeeting, .document, .indicator, .changeRequest,
    .schoolHoliday, .requestAnswer, .policy, .publication,
  ])

  init(kinds: [RecordKind]) {
    self.kinds = kinds
    indexByName = Dictionary(
      zip(kinds.map(\.name), kinds.indices), uniquingKeysWith: { first, _ in first })
    indexByTag = Dictionary(
      zip(kinds.map(\.tag), kinds.indices), uniquingKeysWith: { first, _ in first })
  }

  package static func == (left: Schema, right: Schema) -> Bool {
    left.kinds.map(\.fields) == right.kinds.map(\.fields) && left.kinds == right.kinds
  }

  /// What an older version knew: all but some kinds, and some fields of the others.
  package func without(kinds: Set<String>, fields: Set<String>) -> Schema {
    Schema(
      kinds: self.kinds.filter { !kinds.contains($0.name) }.map { $0.without(fields: fields) })
  }

  /// The kind with this tag; `nil` if a newer version wrote it.
  package func kind(tag: UInt32) -> RecordKind? { indexByTag[tag].map { kinds[$0] } }

  /// The kind with this name.
  ///
  /// - Throws: `UnknownName`, which lists the kinds there are.
  package func kind(named name: String) throws(UnknownName) -> RecordKind {
    guard let index = indexByName[name] else {
      throw UnknownName(what: "kind", name: name, known: kinds.map(\.name))
    }
    return kinds[index]
  }
}
