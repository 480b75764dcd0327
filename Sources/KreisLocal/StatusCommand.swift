// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Row: who this replica is, what it holds and what waits, and under `link` what the running
  /// daemon says. Ends with `no` where that needs a person.
  func status(_ call: LocalCall) throws -> Outcome {
    let json = try statusRow()
    try call.row(json)
    return Self.needsPerson(json) ? .no : .done
  }

  /// Row: what somebody who edits should know: who this replica is, `unsent` and `link` as in `status`,
  /// and `conflicts`, the fields of which this member may decide what stands there; at a hub also `connected`, the names of those members.
  /// `alarms` counts the proofs that the hub showed two histories.
  func sync(_ call: LocalCall) throws -> Outcome {
    let link = daemon?.status() ?? .null
    let here = (daemon?.presence() ?? [:]).filter { $0.value == .connected }.keys
    let row = try read { snapshot -> JSONValue in
      let identity = snapshot.identity
      return [
        "role": .string(identity.role.rawValue), "name": .string(identity.name),
        "title": .string(identity.title), "kreis": .string(identity.kreis),
        "training": .bool(identity.isTraining),
        "unsent": .integer(identity.role == .hub ? 0 : Int(try snapshot.unsent().entries)),
        "conflicts": .integer(try snapshot.conflictsToDecide()), "link": link,
        "alarms": .integer(StateDirectory.alarms(in: spool).count),
        "connected": .array(
          here.compactMap { snapshot.membership.members[$0]?.name }.sorted().map { .string($0) }),
      ]
    }
    try call.row(row)
    return .done
  }

  func statusRow() throws -> JSONValue {
    let link = daemon?.status() ?? .null
    return try read { snapshot -> JSONValue in
      let identity = snapshot.identity
      let unsent = try snapshot.unsent()
      let cursors = try snapshot.feedCursors().sorted { $0.key < $1.key }
      return [
        "role": .string(identity.role.rawValue), "name": .string(identity.name),
        "title": .string(identity.title), "ags": .string(identity.ags),
        "kreis": .string(identity.kreis), "realm": .string(identity.realm.description),
        "training": .bool(identity.isTraining),
        "member": .string(identity.member.description),
        "generation": .integer(Int(identity.generation)), "hub_url": .string(identity.hubURL),
        "members": .integer(snapshot.membership.members.values.count { !$0.isRevoked }),
        "records": .object(
          try snapshot.counts().filter { $0.count > 0 }
            .map { .init($0.kind.name, .integer($0.count)) }),
        "conflicts": .integer(try snapshot.conflictCount()),
        "requests": (try? snapshot.changeRequests()).map { .integer($0.count { $0.waits }) }
          ?? .null,
        // The hub's own entries are in its feeds at once.
        "unsent": .integer(identity.role == .hub ? 0 : Int(unsent.entries)),
        "feeds": .array(
          cursors.map { scope, position in
            guard case .object(let members) = LogJSON.position(position) else { return .null }
            return .object([.init("scope", .string(scope.description))] + members)
          }),
        "alarms": .array(StateDirectory.alarms(in: spool).map { .string($0) }),
        "forks": .array(try snapshot.forks().map { .string($0) }),
        // Last: what was counted above may have shown some.
        "damage": .array(store.damages.map { .string($0.finding) }),
        "daemon": .bool(daemon != nil), "link": link,
      ]
    }
  }

  /// Not so what passes by itself, like a network that is down.
  private static func needsPerson(_ status: JSONValue) -> Bool {
    func says(_ value: JSONValue?) -> Bool { value ?? .null != .null && value != .array([]) }
    let link = status["link"]
    return says(status["alarms"]) || says(status["damage"]) || link?["hub"] == "alarmed"
      || ["gathering", "halted", "stopped_logs", "store_trouble", "upgrade"].contains {
        says(link?[$0])
      }
  }
}
