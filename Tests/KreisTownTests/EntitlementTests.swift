// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisSimulation
import KreisStore
import Testing

/// Who sees what, by what really passed the wire and stands in the files.
@Suite(.timeLimit(.minutes(4))) struct EntitlementTests {
  private let contact = try! Schema.directory.kind(named: "contact")

  /// One marker for each scope; letters that occur nowhere else.
  private func markers(_ owner: String) -> [ScopeKind: String] {
    [
      .public: "Purpurschnecke\(owner)", .kreis: "Kreuzspinnerin\(owner)",
      .coordination: "Kobaltkaefer\(owner)", .local: "Libellenfluegel\(owner)",
    ]
  }

  /// A contact with a value in each scope, and enough beside it that messages are compressed.
  private func add(_ owner: String, to store: Store) async throws -> RecordID {
    let fields: [(String, ScopeKind)] = [
      ("availability", .public), ("name", .kreis), ("note", .coordination), ("memo", .local),
      ("source", .coordination), ("legal_basis", .kreis),
    ]
    let markers = markers(owner)
    let contact = contact
    let edits = try fields.map { name, scope in
      let text =
        switch name {
        case "legal_basis": "public_task"
        case "source": "Liste"
        default:
          (markers[scope] ?? "")
            + (name == "note" ? String(repeating: " und so fort", count: 60) : "")
        }
      return Edit(try contact.field(named: name), .value(text), in: scope)
    }
    return try await store.write { try $0.create(contact, edits, Occasion(at: now())) }
  }

  @Test func `No byte of a value reaches a node that is not entitled to it, in any encoding`()
    async throws
  {
    try await withHub { hub in
      let names = ["astadt", "bdorf", "cweiler"]
      let recorders = names.map { _ in TrafficRecorder() }
      var towns: [TestTown] = []
      for (name, recorder) in zip(names, recorders) {
        towns.append(try await TestTown(hub.invite(name), recording: recorder))
      }
      for town in towns { town.start() }
      var ids: [RecordID] = []
      for (name, town) in zip(names, towns) { ids.append(try await add(name, to: town.store)) }
      // The hub writes into a town's coordination, and edits a narrower value.
      let id = ids[0]
      let room = try contact.field(named: "room")
      try await wait(hub.store) { try $0.state(of: id)?.scopes.count ?? 0 == 3 }
      try await hub.store.write {
        _ = try $0.change(
          id, [Edit(room, .value("Hornissenkoenigin"), in: .coordination)], Occasion(at: now()))
      }
      // What everybody may read has arrived everywhere, so that what may not would have as well.
      for town in towns {
        for id in ids {
          try await wait(town.store) { try $0.state(of: id)?.shown.count ?? 0 >= 3 }
        }
      }
      try await wait(towns[0].store) {
        try $0.state(of: id)?.shown[Register(tag: room.tag)] != nil
      }
      let last = try await towns[0].addOrganization("Zuletzt")
      for town in towns { try await town.shows("Zuletzt", of: last) }
      let backup = towns[0].directory.path + "/sicherung.sqlite"
      try towns[0].store.blockingBackup(to: backup) { _ in }
      for town in towns { try await town.stop() }
      try check(names, towns, recorders, hub)
      #expect(
        scan(tree: towns[0].directory.path, for: ["Libellenfluegelastadt"]).findings
          .contains { $0.place == backup && $0.form == .utf8 })
    }
  }

  private func wait(
    _ store: Store, until condition: @escaping @Sendable (Snapshot) throws -> Bool
  ) async throws {
    let commits = store.commits.subscribe()
    if try await store.read(condition) { return }
    for await _ in commits {
      if try await store.read(condition) { return }
    }
  }

  private func check(
    _ names: [String], _ towns: [TestTown], _ recorders: [TrafficRecorder], _ hub: TestHub
  ) throws {
    var figures = (places: 0, bytes: 0, frames: 0)
    for (reader, (town, recorder)) in zip(names, zip(towns, recorders)) {
      for owner in names {
        for (scope, marker) in markers(owner) {
          let mayRead = owner == reader || scope == .public || scope == .kreis
          var received = MarkerScan([marker])
          received.scan(recorder.received, "\(reader) received")
          var sent = MarkerScan([marker])
          sent.scan(recorder.sent, "\(reader) sent")
          let files = scan(tree: town.directory.path, for: [marker])
          #expect(files.findings.isEmpty == !mayRead, "\(reader): \(marker) \(files.findings)")
          // Its own bundles come back as heads: what a town receives of itself is no value.
          if !mayRead || scope == .local {
            #expect(received.findings.isEmpty, "\(received.findings)")
          } else if owner != reader {
            #expect(!received.findings.isEmpty, "\(reader) was sent nothing of \(marker)")
          }
          #expect(
            sent.findings.isEmpty == (owner != reader || scope == .local),
            "\(reader) sent: \(marker) \(sent.findings)")
          for scan in [received, sent, files] {
            figures.places += max(1, scan.files)
            figures.bytes += scan.bytes
            figures.frames += scan.frames
          }
        }
      }
      let hubsNote = scan(tree: town.directory.path, for: ["Hornissenkoenigin"])
      #expect(hubsNote.findings.isEmpty == (reader != names[0]))
      var received = MarkerScan(["Hornissenkoenigin"])
      received.scan(recorder.received, reader)
      #expect(received.findings.isEmpty == (reader != names[0]))
    }
    for owner in names {
      for (scope, marker) in markers(owner) {
        let files = scan(tree: hub.directory.path, for: [marker])
        #expect(files.findings.isEmpty == (scope == .local), "hub: \(files.findings)")
      }
    }
    #expect(figures.frames > 0, "nothing was compressed, so nothing compressed was looked into")
    print("entitlement scan: \(figures)")
  }

  private func scan(tree: String, for markers: [String]) -> MarkerScan {
    var scan = MarkerScan(markers)
    scan.scan(tree: tree)
    return scan
  }
}
