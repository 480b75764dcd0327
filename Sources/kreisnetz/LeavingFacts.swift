// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// What is certified about a town that leaves, kept in its state directory until that is gone.
struct LeavingFacts {
  struct Export {
    let path: String
    let records: Int
    let bytes: UInt64
    /// SHA-256, hexadecimal.
    let hash: String
  }

  let name: String
  let title: String
  let ags: String
  let kreis: String
  let realm: RealmID
  let member: MemberID
  let generation: UInt32
  /// Seconds since 1970.
  let begunAt: UInt64
  let export: Export
  let feeds: [Scope: FeedPosition]
  /// Entries that the hub never got; none where it was told.
  let unsent: UInt64
  /// Whether the hub is to be told.
  let toldHub: Bool
  /// When the hub confirmed it.
  var leftAt: UInt64?
  var files: [StateDirectory.HeldFile] = []
  /// Absolute paths.
  var backups: [String] = []

  init(
    _ identity: Identity, at now: UInt64, export: Export, feeds: [Scope: FeedPosition],
    unsent: UInt64, toldHub: Bool
  ) {
    name = identity.name
    title = identity.title
    ags = identity.ags
    kreis = identity.kreis
    realm = identity.realm
    member = identity.member
    generation = identity.generation
    begunAt = now
    self.export = export
    self.feeds = feeds
    self.unsent = unsent
    self.toldHub = toldHub
  }

  /// What the destruction needs until its end: the key that signs, this file and the lock.
  static func kept(generation: UInt32) -> Set<String> {
    [StateDirectory.memberKey(generation: generation), StateDirectory.leaving, "lock"]
  }

  // MARK: - On disk

  /// - Throws: `StateDirectoryError`.
  func write(to directory: StateDirectory) throws {
    try directory.write(JSONWriter.bytes(of: json), to: StateDirectory.leaving)
  }

  private var json: JSONValue {
    [
      "name": .string(name), "title": .string(title), "ags": .string(ags), "kreis": .string(kreis),
      "realm": .string(realm.description), "member": .string(member.description),
      "generation": .integer(Int(generation)), "begun_at": .integer(Int(begunAt)),
      "export": [
        "path": .string(export.path), "records": .integer(export.records),
        "bytes": .integer(Int(export.bytes)), "hash": .string(export.hash),
      ],
      "feeds": .array(
        feeds.sorted { $0.key < $1.key }.map { scope, position in
          [
            "scope": .string(scope.description), "position": .integer(Int(position.position)),
            "hash": .string(position.hash.description),
          ]
        }),
      "unsent": .integer(Int(unsent)), "told_hub": .bool(toldHub),
      "left_at": leftAt.map { .integer(Int($0)) } ?? .null,
      "files": .array(
        files.map { ["name": .string($0.name), "bytes": .integer(Int($0.bytes))] }),
      "backups": .array(backups.map { .string($0) }),
    ]
  }

  /// - Throws: `CommandError` if the file is damaged; `StateDirectoryError`.
  static func read(from directory: StateDirectory) throws -> LeavingFacts {
    let bytes = try directory.readSecret(StateDirectory.leaving) ?? []
    guard let json = try? JSONParser.parse(bytes, limit: 65_536), let facts = LeavingFacts(json)
    else {
      throw CommandError(
        .wrongUse,
        "\(directory.path)/\(StateDirectory.leaving) is damaged, so the destruction that began cannot "
          + "be certified. Remove the directory by hand.")
    }
    return facts
  }

  private init?(_ json: JSONValue) {
    let export = json["export"] ?? .null
    guard let name = json["name"]?.text, let title = json["title"]?.text,
      let ags = json["ags"]?.text, let kreis = json["kreis"]?.text,
      let realm = json["realm"]?.text.flatMap({ Hex.decode($0) }).flatMap({ RealmID($0) }),
      let member = json["member"]?.text.flatMap({ MemberID(text: $0) }),
      let generation = json["generation"]?.unsigned.flatMap({ UInt32(exactly: $0) }),
      let begunAt = json["begun_at"]?.unsigned, let path = export["path"]?.text,
      let records = export["records"]?.unsigned, let bytes = export["bytes"]?.unsigned,
      let hash = export["hash"]?.text, let unsent = json["unsent"]?.unsigned
    else { return nil }
    self.name = name
    self.title = title
    self.ags = ags
    self.kreis = kreis
    self.realm = realm
    self.member = member
    self.generation = generation
    self.begunAt = begunAt
    self.export = Export(path: path, records: Int(records), bytes: bytes, hash: hash)
    self.unsent = unsent
    toldHub = json["told_hub"] == .bool(true)
    leftAt = json["left_at"]?.unsigned
    var feeds: [Scope: FeedPosition] = [:]
    for feed in json["feeds"]?.elements ?? [] {
      guard let scope = feed["scope"]?.text.flatMap({ Scope(text: $0) }),
        let position = feed["position"]?.unsigned,
        let hash = feed["hash"]?.text.flatMap({ Hex.decode($0) }).flatMap({ Hash256($0) })
      else { return nil }
      feeds[scope] = FeedPosition(position: position, hash: hash)
    }
    self.feeds = feeds
    files = (json["files"]?.elements ?? []).compactMap { file in
      guard let name = file["name"]?.text, let bytes = file["bytes"]?.unsigned else {
        return nil
      }
      return StateDirectory.HeldFile(name: name, bytes: bytes)
    }
    backups = (json["backups"]?.elements ?? []).compactMap(\.text)
  }

  // MARK: - For people

  /// The certificate's text, which its key signs.
  ///
  /// - Parameter now: seconds since 1970.
  func text(at now: UInt64) -> String {
    let time = { (seconds: UInt64) in PlainText.time(.integer(Int(seconds))) }
    var lines = TrainingRealm.isMarked(kreis) ? [TrainingRealm.heading, ""] : []
    lines += [
      "LÖSCHBESCHEINIGUNG", "über den Austritt einer Kommune aus dem Kreisnetz", "",
      "Verzeichnis:     \(kreis)", "Verbund:         \(realm)",
      "Kommune:         \(title) (\(name))",
      "AGS:             \(ags)", "Mitglied:        \(member), Schlüsselgeneration \(generation)",
      "Begonnen:        \(time(begunAt))", "Vernichtet:      \(time(now))", "",
    ]
    lines += goodbye(time)
    lines += ["", "Letzter geprüfter Stand der Ströme des Hubs:"]
    lines += feeds.sorted { $0.key < $1.key }.map { scope, position in
      "  \(PlainText.padded(scope.description, 28))Position \(position.position), \(position.hash)"
    }
    lines += [
      "", "Der Kommune übergeben wurden ihre eigenen Daten:",
      "  \(export.path)",
      "  \(export.records) Datensätze, \(export.bytes) Byte, SHA-256 \(export.hash)", "",
      "Vernichtet (überschrieben und gelöscht) wurden auf dieser Maschine die Replik des Verzeichnisses",
      "mit allen Werten, früheren Werten, eigenen Notizen und beiseite gelegten Datenbanken sowie die",
      "Schlüssel; der Schlüssel, mit dem diese Bescheinigung unterschrieben ist, unmittelbar danach:",
    ]
    lines += files.map { "  \(PlainText.padded($0.name, 40))\($0.bytes) Byte" }
    lines.append("  \(StateDirectory.memberKey(generation: generation))")
    if !backups.isEmpty { lines += ["", "Ebenso diese Sicherungen:"] + backups.map { "  \($0)" } }
    lines += [
      "", "Nicht erfasst sind, und von der Kommune selbst zu löschen:",
      "  - Sicherungen, die oben nicht genannt sind, auch solche der Maschine als ganzer,",
      "  - Dateien und Ausdrucke, die früher ausgegeben wurden, und eingelesene Quelllisten,",
      "  - Kopien, die ein Datenträger mit Verschleißausgleich oder Schnappschüssen behält,",
      "  - Einstellungen und Protokolle des Betriebssystems (sie enthalten keine Verzeichnisdaten).",
      "",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func goodbye(_ time: (UInt64) -> String) -> [String] {
    guard let leftAt else {
      return [
        "Der Hub wurde NICHT benachrichtigt. Nicht an ihn gesendet waren \(unsent) Einträge.",
        "Der Kreis beendet die Mitgliedschaft selbst: kreisnetz hub revoke \(name)",
      ]
    }
    return [
      "Der Hub hat den Austritt am \(time(leftAt)) bestätigt. Alle Einträge der Kommune lagen ihm",
      "vor; ihre Protokolle sind dort geschlossen, die Pflege ihrer Datensätze ist auf den Kreis",
      "übergegangen. Die Koordinationsnotizen verbleiben beim Hub.",
    ]
  }
}
