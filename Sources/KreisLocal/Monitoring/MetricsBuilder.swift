// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// Collects families, whose names all begin with `kreisnetz_`.
struct MetricsBuilder {
  private(set) var families: [MetricFamily] = []

  typealias Sample = MetricFamily.Sample

  mutating func add(_ name: String, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    families.append(MetricFamily("kreisnetz_" + name, help, .gauge, samples))
  }

  /// A figure that is not known has no family.
  mutating func add(_ name: String, _ help: String, _ value: Double?) {
    if let value { add(name, help, [Sample(value)]) }
  }

  mutating func add(_ name: String, _ help: String, _ flag: Bool) {
    add(name, help, flag ? 1.0 : 0.0)
  }

  // MARK: - What both have

  mutating func addStatus(_ status: JSONValue) {
    add("members", "Members of the realm, the hub included.", status.number("members"))
    if case .object(let counts)? = status["records"] {
      add(
        "records", "Records shown, by kind.",
        counts.compactMap { member in
          member.value.number.map { Sample($0, [.init("kind", member.name)]) }
        })
    }
    add(
      "conflicts", "Records with fields that somebody should look at.", status.number("conflicts"))
    add(
      "change_requests", "Change requests that wait for an answer or a reply here.",
      status.number("requests"))
    add("alarms", "Proofs that the hub showed two histories.", status.count("alarms"))
    add("forks", "Logs whose author's key was used on two machines.", status.count("forks"))
    add("damages", "Places that are damaged on disk.", status.count("damage"))
    if case .array(let feeds)? = status["feeds"] {
      add(
        "feed_position", "Bundles of the hub's feed that were verified here, by scope.",
        feeds.compactMap { feed in
          guard case .string(let scope)? = feed["scope"] else { return nil }
          return feed.number("position").map { Sample($0, [.init("scope", scope)]) }
        })
    }
    guard let link = status["link"], link != .null else { return }
    add("store_trouble", "Whether nothing can be written here now.", link.says("store_trouble"))
  }

  mutating func addDisk(_ disk: DiskUse?) {
    guard let disk else { return }
    add("database_bytes", "Size of the database.", Double(disk.database))
    add("wal_bytes", "Size of the database's write-ahead log.", Double(disk.writeAheadLog))
    add("disk_free_bytes", "Room left on the state directory's disk.", Double(disk.free))
    add("disk_bytes", "Size of the state directory's disk.", Double(disk.size))
  }

  mutating func add(_ figures: FigureCache.Figures) {
    add(
      "erasures", "Orders to erase by state: ordered, waiting, overdue, confirmed.",
      ["ordered", "waiting", "overdue", "confirmed"].map {
        Sample(Double(figures.erasures[$0] ?? 0), [.init("state", $0)])
      })
    add(
      "reviews_overdue", "Own records whose confirmation or day of review is over.",
      Double(figures.reviews))
    let reasons: [RetentionFinding.Reason] = [
      .expired, .withoutBasis, .consentWithoutDate, .reviewDue,
    ]
    add(
      "contacts_to_check", "Contacts without a valid legal basis, or due for review.",
      reasons.map {
        Sample(Double(figures.contacts[$0.rawValue] ?? 0), [.init("reason", $0.rawValue)])
      })
  }

  mutating func add(_ timings: Timings, isHub: Bool) {
    let helps: [(Timings.Step, String)] = [
      (.push, "Time to push one bundle; at the hub, to take one."),
      (.pull, "Time to take one chunk of the hub's feed."),
      (.verify, "Time to verify one bundle or chunk."),
    ]
    for (step, help) in helps where !(isHub && step == .pull) {
      families.append(
        MetricFamily("kreisnetz_\(step.rawValue)_duration_seconds", help, timings[step]))
    }
  }

  // MARK: - Towns

  mutating func addTown(_ snapshot: Snapshot, _ status: JSONValue, at now: UInt64) throws {
    add("unsent_entries", "Own entries that the hub has not acknowledged.", status.number("unsent"))
    let stated = try snapshot.lastStatements()
    add(
      "last_statement_timestamp_seconds", "When this town last stated what it verified.",
      stated[snapshot.identity.member].map { Double($0) })
    add(
      "lag_bundles", "Bundles that the hub had signed, as it last stated, and that are not here.",
      Double(try snapshot.statedLag()))
    let link = status["link"]
    // Without a daemon, when the hub last stated something that came here.
    let known =
      link?.number("caught_up_at")
      ?? snapshot.membership.hub.flatMap { stated[$0] }
      .map { Double($0) }
    add(
      "lag_seconds", "Time since this town last had everything that the hub had.",
      known.map { max(0, Double(now) - $0) })
    guard let link, link != .null else { return }
    add("hub_connected", "Whether the hub is connected.", link["hub"] == "connected")
    add(
      "hub_alarmed", "Whether the hub is not trusted, or another instance of this town runs.",
      link["hub"] == "alarmed")
    add("recovering", "Whether the next key generation is under way.", link.says("recovery"))
    add("upgrade_needed", "Whether the others need a later version here.", link.says("upgrade"))
    add("stopped_logs", "Own logs that are not pushed any more.", link.count("stopped_logs"))
    add(
      "last_contact_timestamp_seconds", "When the hub last showed something that verified.",
      link.number("last_contact"))
    add(
      "clock_offset_seconds", "Seconds by which the hub's clock is ahead of this machine's.",
      link.number("clock_offset"))
  }

  // MARK: - The hub

  mutating func addHub(_ snapshot: Snapshot, _ status: JSONValue, at now: UInt64) throws {
    let lags = try snapshot.memberLags()
    let members = try snapshot.memberOverview().filter { !$0.member.isRevoked }
    func each(_ value: (MemberOverview, MemberLag) -> Double?) -> [Sample] {
      members.compactMap { one in
        value(one, lags[one.member.id] ?? MemberLag())
          .map { Sample($0, [.init("town", one.member.name)]) }
      }
    }
    add(
      "town_lag_bundles", "Bundles that a town has not verified, as of its last statement.",
      each { Double($1.bundles) })
    add(
      "town_lag_entries", "Entries that a town has not verified, as of its last statement.",
      each { Double($1.entries) })
    add(
      "town_lag_seconds", "Time since the oldest entry was written that a town has not verified.",
      each { $1.oldest.map { max(0, Double(now) - Double($0)) } ?? 0 })
    add(
      "town_last_statement_timestamp_seconds", "When a town last stated what it verified.",
      each { one, _ in one.lastContact.map { Double($0) } })
    add(
      "town_entries", "Entries of a town's logs that the hub holds.",
      each { one, _ in Double(one.logs.entries) })
    add(
      "town_missing_entries", "Entries of a town's closed logs that the hub lacks.",
      each { one, _ in Double(one.logs.missing) })
    let unused = try snapshot.invites(at: now).filter { [.open, .expired].contains($0.state) }
    add(
      "invite_expiry_timestamp_seconds", "When an invite ends that nobody used yet.",
      unused.map { Sample(Double($0.expiresAt), [.init("town", $0.name)]) })
    guard let link = status["link"], link != .null else { return }
    add("gathering", "Whether the hub collects what it lost.", link.says("gathering"))
    add("halted", "Whether the hub serves nobody because it was restored.", link.says("halted"))
    add(
      "certificate_expiry_timestamp_seconds", "When the hub's TLS certificate ends.",
      link.number("certificate_expires_at"))
  }
}

extension JSONValue {
  fileprivate var number: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  fileprivate func number(_ name: String) -> Double? { self[name]?.number }

  /// The elements of a list.
  fileprivate func count(_ name: String) -> Double? {
    if case .array(let elements)? = self[name] { Double(elements.count) } else { nil }
  }

  /// Whether there is anything to say.
  fileprivate func says(_ name: String) -> Bool { self[name] ?? .null != .null }
}
