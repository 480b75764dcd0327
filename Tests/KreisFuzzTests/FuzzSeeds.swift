// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisFuzz
import KreisStore
import KreisTransport
import SwiftProtobuf
import Synchronization

/// Real traffic of a hub and a town of the fuzzed realm, to start from.
struct FuzzSeeds {
  private(set) var inputs: [FuzzTarget: [[UInt8]]] = [:]

  init() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-fuzz-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await addTraffic(folder)
    try addTexts()
    try addFiles()
    addDirectories()
    addValues()
  }

  private mutating func add(_ target: FuzzTarget, _ input: some Sequence<UInt8>) {
    inputs[target, default: []].append(Array(input))
  }

  // MARK: - Logs

  private mutating func addTraffic(_ folder: URL) async throws {
    let hub = try Self.store(.hub, in: folder)
    let town = try Self.store(.town, in: folder)
    for control in FuzzRealm.control { add(.control, try control.encoded()) }
    try await hub.write { transaction in
      for control in FuzzRealm.control { try transaction.append(control, at: 1_800_000_000) }
    }
    try await follow(hub, town)
    try Self.work(in: town)
    for log in try await town.unsent().logs {
      while let bundle = try await town.nextBundle(of: log) {
        for entry in bundle.entries {
          add(.body, entry.body)
          if case .block(let block) = entry.proof { add(.block, block) }
        }
        let wire: [UInt8] = try WireBundle(bundle).serializedBytes()
        add(.bundle, wire)
        guard case .accepted = try await hub.accept(bundle, from: FuzzRealm.town) else { return }
        town.acknowledge(log, through: bundle.last)
      }
    }
    try await follow(hub, town)
    try await addStatement(of: town)
  }

  private static func work(in town: Store) throws {
    let kind = try Schema.directory.kind(named: "organization")
    let field = { try kind.field(named: $0) }
    var id: RecordID?
    for (number, name) in ["Kita Löwenzahn", "Praxis am Bach"].enumerated() {
      let edits = try [
        Edit(field("name"), .value(name)),
        Edit(field("organization_type"), .value("kindertageseinrichtung")),
        Edit(field("street"), .value("Hofstraße \(number)"), in: .coordination),
      ]
      id = try town.blockingWrite {
        try $0.create(kind, edits, Occasion(at: 1_800_000_001, role: "fachkraft", reason: "Brief"))
      }
    }
    guard let id else { return }
    let edit = try Edit(field("street"), .withdrawn)
    _ = try town.blockingWrite { try $0.change(id, [edit], Occasion(at: 1_800_000_002)) }
    try town.blockingWrite { try $0.delete(id, Occasion(at: 1_800_000_003)) }
  }

  /// Everything that the hub has for the town.
  private mutating func follow(_ hub: Store, _ town: Store) async throws {
    for includeOwn in [false, true] {
      let answer = try await hub.feedChunk(
        for: FuzzRealm.town, after: [:], includeOwn: includeOwn, bytes: 100_000)
      guard case .chunk(let wire) = answer else { return }
      let bytes: [UInt8] = try wire.serializedBytes()
      add(.chunk, bytes)
      add(.frames, FrameCodec.encode(bytes) + FrameCodec.encode(Array(bytes.prefix(90))))
      if !includeOwn { _ = try await town.merge(UnverifiedChunk(wire)) }
    }
  }

  private mutating func addStatement(of town: Store) async throws {
    let places = try await town.read { ($0.identity, try $0.feedHeads()) }
    for head in places.1 {
      let statement = FeedStatement(
        realm: FuzzRealm.realm, member: FuzzRealm.town, generation: 1, head: head, foldVersion: 1,
        protocolVersion: 1, at: 1_800_000_009, software: "kreisnetz 1.0",
        tlsKeys: [Hash256(of: [1])], lowestProtocolVersion: 1)
      add(.statement, try statement.signed(with: FuzzRealm.townKey).statement)
    }
    let query = FeedQuery(
      after: Dictionary(uniqueKeysWithValues: places.1.map { ($0.scope, $0.at) }), follow: .stream)
    add(.query, query.text.utf8)
  }

  private static func store(_ role: Identity.Role, in folder: URL) throws -> Store {
    let random = Mutex(UInt64(7))
    let isHub = role == .hub
    return try Store.create(
      at: folder.appending(path: "\(role).sqlite").path,
      identity: Identity(
        role: role, realm: FuzzRealm.realm, member: isHub ? FuzzRealm.hub : FuzzRealm.town,
        generation: 1, name: isHub ? "hub" : "a-stadt", title: "Muster", ags: "05999004",
        kreis: "Musterkreis", hubURL: "https://127.0.0.1:8443", hubPin: nil),
      key: isHub ? FuzzRealm.hubKey : FuzzRealm.townKey,
      random: {
        random.withLock {
          $0 = $0 &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return $0
        }
      })
  }

  // MARK: - Texts and files

  private mutating func addTexts() throws {
    for trust in [Invite.Trust.authorities, .pinnedKey(Hash256(of: [9]))] {
      let invite = try Invite(
        realm: FuzzRealm.realm, url: "https://hub.example.org:8443", trust: trust, name: "a-stadt",
        title: "A-Stadt", secret: [UInt8](repeating: 5, count: 32), expiresAt: 1_800_000_000,
        kreis: "Musterkreis")
      let text = try invite.text()
      add(.invite, text.utf8)
      let bytes = Base64.decodeURL(text.dropFirst("kreisnetz1:".count)) ?? []
      add(.inviteContent, bytes.dropLast(4))
    }
    let fields = try RequestSignature.sign(
      method: "POST", path: "/v1/bundles", query: "", body: [], realm: FuzzRealm.realm,
      member: FuzzRealm.town, generation: 1, key: FuzzRealm.townKey, created: 1_800_000_000,
      nonce: (1, 2))
    let values = Dictionary(uniqueKeysWithValues: fields)
    let names = [
      RequestSignature.Field.digest, RequestSignature.Field.realm, RequestSignature.Field.input,
      RequestSignature.Field.signature,
    ]
    add(.signature, names.map { values[$0] ?? "" }.joined(separator: "\n").utf8)
  }

  private mutating func addFiles() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
      .standardizedFileURL
    let fixtures = root.appending(path: "Tests/Fixtures/maerkischer-kreis")
    let csv = try Data(contentsOf: fixtures.appending(path: "kierspe.csv"))
    add(.csv, csv.prefix(1_000))
    add(.csv, "kind,name,description\norganization,\"a \"\"b\"\"\",\"c\nd\"\n".utf8)
    let rows = try Data(contentsOf: fixtures.appending(path: "halver.ndjson")).split(separator: 10)
    for row in rows.prefix(60) where row.count < 700 { add(.json, row) }
    add(.ndjson, Data(rows.prefix(6).joined(separator: [10])))
    add(.ndjson, Data(rows.suffix(6).joined(separator: [10])))
    add(.json, #"{"a":[1,-0.5e+3,true,null,"\u00e4\ud83d\ude00\n"],"b":{}}"#.utf8)
    for name in ["hub.yaml", "town.yaml"] {
      add(.settings, try Data(contentsOf: root.appending(path: "config/\(name)")))
    }
    add(.settings, "log_level: debug\nlisten_port: 8443\nrequests_per_second: 30\n".utf8)
    add(.settings, "log_level: \"info\"\nproxy: none\n".utf8)
  }

  private mutating func addDirectories() {
    add(
      .mapping,
      """
      key: [Einrichtung, PLZ]
      ignore: [Bemerkung]
      records:
        - kind: organization
          fields:
            name: Einrichtung
            street: { columns: [Straße, Nr] }
            carrier: { column: Träger, values: { städtisch: public, k.A.: ~ } }
            keywords: { column: Arten, separator: "," }
        - kind: contact
          when: Leitung
          fields:
            name: Leitung
            organization_id: { record: organization }
            legal_basis: { constant: public_task }
            source: { constant: Liste }
      ---
      Einrichtung;PLZ;Straße;Nr;Träger;Arten;Leitung;Bemerkung
      Kita A;58553;Weg;1;städtisch;"a, b";Ayla Beispiel;x
      "Kita ""B"" neu";58540;;;k.A.;;;

      """.utf8)
    add(
      .hsds,
      """
      [{"id":"o1","name":"Haus A","description":"Für alle","phones":[{"number":"0221 4710-1"}],\
      "services":[{"id":"s1","name":"Café","status":"active","schedules":[{"freq":"WEEKLY",\
      "byday":"MO","opens_at":"09:00","closes_at":"11:30"}],"languages":[{"code":"tr"}],\
      "cost_options":[{"option":"frei"}]}],"locations":[{"id":"l1","latitude":51.2,\
      "addresses":[{"address_1":"Weg 2","city":"Halver","postal_code":"58553"}]}],\
      "contacts":[{"id":"c1","name":"Ayla Beispiel","email":"ayla@example.org"}]}]
      """.utf8)
    let files = [
      "datapackage.json\n"
        + #"{"resources":[{"path":"organization.csv"},{"path":"service.csv"},{"path":"phone.csv"}]}"#,
      "organization.csv\nid,name,description\no1,Haus A,Für alle\no2,Haus B,\n",
      "service.csv\nid,organization_id,name,status\ns1,o1,Café,active\n",
      "phone.csv\nid,service_id,number\np1,s1,0221 4710-1\np2,nirgends,0221 4710-2\n",
    ]
    add(.hsdsPackage, files.joined(separator: "\0").utf8)
  }

  private mutating func addValues() {
    let rules = [
      "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5,53;BYDAY=TU", "FREQ=MONTHLY;BYDAY=-1MO,2FR",
      "FREQ=WEEKLY;INTERVAL=2;COUNT=9;BYDAY=MO,TH", "FREQ=DAILY;UNTIL=20281231T110000Z",
      "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYYEARDAY=-1,60",
    ]
    for rule in rules {
      add(
        .hours,
        """
        rrule=\(rule)
        dtstart=2026-01-05
        valid_to=2029-12-31
        opens_at=09:00
        closes_at=11:30
        exdates=2026-12-24,2026-12-31
        closed_in_school_holidays=true
        """.utf8)
    }
    let texts = [
      "Kita Löwenzahn", "0221 4710-316", "kita@example.org", "https://www.example.org/kita",
      "58553", "2026-11-24", "24.11.2026", "9:30", "true", "51,1876", "7.6394", "de", "05962012",
      rules[0], "2026-12-24,2026-12-31", "Europe/Berlin", "kindertageseinrichtung", "12",
    ]
    for (index, field) in Schema.directory.kinds.flatMap(\.fields).enumerated() where index < 256 {
      let fitting = texts.first { (try? field.type.canonical($0)) != nil }
      if let fitting { add(.value, [UInt8(index)] + Array(fitting.utf8)) }
    }
  }
}
