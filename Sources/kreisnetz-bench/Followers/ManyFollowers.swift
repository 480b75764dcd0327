// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore

/// A hub that very many towns follow: what each costs, how soon all hear of an edit, and how they come
/// back after the hub was restarted.
struct ManyFollowers {
  let plan: BenchPlan
  let count: Int

  private var report: Report { plan.report }

  /// - Throws: `BenchFailure`, `StoreError` and what the network says.
  func run() throws {
    try Self.raiseFileLimit(to: count + 1_000)
    let settings = plan.place.path("hub.yaml")
    try Data("max_connections: \(max(64, count + count / 10))\n".utf8).write(
      to: URL(filePath: settings))
    let realm = try BenchRealm(
      in: plan.place.path("many"), program: plan.place.program, hubConfig: settings)
    try realm.join("halver")
    try realm.stop("hub")
    report.progress("\(count) towns join …")
    let members = try Self.enrol(count, in: realm.state("hub"))
    try realm.start("hub", config: settings)
    try realm.start("halver")
    let watch = try ReplicaWatch(realm.state("hub"))
    let halver = try ReplicaWatch(realm.state("halver"))
    try waitUntil("halver to catch up", seconds: plan.patience) {
      try halver.publicFeed() == watch.publicFeed()
    }
    plan.pause(2)
    guard let place = try watch.publicFeed() else { throw BenchFailure("The hub has no feed.") }
    let swarm = try Swarm(realm: watch.realm, port: realm.port)
    let followers = members.map { Follower(swarm, $0, after: [.public: place]) }
    try connect(followers, swarm, realm)
    try broadcast(swarm, realm)
    try restart(swarm, realm, settings)
    try swarm.end()
    try plan.end(realm)
  }

  // MARK: - Steps

  /// Joins as many members in the stopped hub's store, by the same steps as its server.
  static func enrol(_ count: Int, in state: String) throws -> [Follower.Credentials] {
    let directory = try StateDirectory.open(state)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    guard let key = try directory.signingKey(generation: 1) else {
      throw BenchFailure("The hub's key is missing.")
    }
    let store = try Store.open(
      at: directory.database, key: key, random: { .random(in: 0 ... .max) })
    let now = UInt64(Date().timeIntervalSince1970)
    return try (0..<count).map { number in
      let key = SigningKey()
      let name = "stadt-\(number)"
      let ags = "\(10_000_000 + number)"
      try store.saveInvite(
        StoredInvite(
          name: name, title: "Stadt \(number)", ags: ags, secret: Array(repeating: 7, count: 32),
          expiresAt: now + 86_400), at: now)
      let member = try waitFor {
        try await store.join(name: name, key: VerifyingKey(of: key), at: now) { _ in true }.get()
      }
      return Follower.Credentials(
        member: member.id, key: key, instance: .random(in: 0 ... .max),
        source: "127.0.0.\(2 + number % 8)")
    }
  }

  private func connect(_ followers: [Follower], _ swarm: Swarm, _ realm: BenchRealm) throws {
    report.progress("\(count) towns connect …")
    let hub = try realm.daemon("hub").figures
    let (before, cpuBefore, start) = (hub.residentKilobytes, hub.cpu, monotonicSeconds())
    var started = 0
    try waitUntil("all to be connected", seconds: 120 + Double(count) / 20) {
      try realm.daemon("hub").check()
      let connected = swarm.tally.connected
      // So many at a time, as if they had not all started in one moment.
      while started < followers.count, started - connected < 64 {
        followers[started].start()
        started += 1
      }
      return connected == followers.count
    }
    let seconds = monotonicSeconds() - start
    plan.pause(5)
    let kilobytes = Double(hub.residentKilobytes - before)
    report.add(
      Measurement(
        .followers, "a follower, in the hub's memory", "KB", [kilobytes / Double(count)],
        goal: .atMost(25),
        details: [
          ("connections/s at first", Double(count) / seconds),
          ("hub cpu ms each", (hub.cpu - cpuBefore) / Double(count) * 1_000),
          ("hub MB before", Double(before) / 1_000),
          ("hub MB", Double(hub.residentKilobytes) / 1_000),
          ("failed attempts", Double(swarm.tally.failures)),
        ]))
  }

  private func broadcast(_ swarm: Swarm, _ realm: BenchRealm) throws {
    report.progress("Edits that all hear of …")
    let hub = try realm.daemon("hub").figures
    let record = try EditingClient(realm.state("halver"))
    let cpuBefore = hub.cpu
    let times = 5
    let seconds = try (0..<times).map { _ in
      plan.pause(2)
      swarm.note { $0.forgetNews() }
      let start = monotonicSeconds()
      _ = try record.edit()
      try waitUntil("all to hear of an edit", seconds: 60) { swarm.tally.informed >= count }
      return swarm.tally.lastInformed - start
    }
    report.add(
      Measurement(
        .followers, "an edit reaches all \(count)", "s", seconds, goal: .atMost(0.5),
        details: [("hub cpu s each", (hub.cpu - cpuBefore) / Double(times))]))
  }

  private func restart(_ swarm: Swarm, _ realm: BenchRealm, _ settings: String) throws {
    report.progress("The hub is restarted …")
    swarm.note { $0.forgetAttempts() }
    let stop = monotonicSeconds()
    try realm.stop("hub")
    let down = monotonicSeconds()
    let hub = try realm.start("hub", config: settings)
    try waitUntil("all to be back", seconds: 300) {
      try hub.check()
      return swarm.tally.connected == count
    }
    let tally = swarm.tally
    report.add(
      Measurement(
        .followers, "all are back after the hub's start", "s", [tally.lastConnected - hub.readyAt],
        goal: .atMost(30),
        details: [
          ("s to stop", down - stop), ("s to start", hub.secondsToReady),
          ("attempts of each", Double(tally.attempts) / Double(count)),
          ("most attempts a second", Double(tally.mostAttemptsInASecond)),
          ("hub peak MB", Double(hub.figures.peakKilobytes) / 1_000),
        ]))
  }

  private static func raiseFileLimit(to needed: Int) throws {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    getrlimit(resource, &limit)
    limit.rlim_cur = limit.rlim_max
    guard limit.rlim_max >= needed, setrlimit(resource, &limit) == 0 else {
      throw BenchFailure(
        "\(limit.rlim_max) open files are allowed; \(needed) are needed. Raise the limit (ulimit -Hn), "
          + "or take fewer --followers.")
    }
  }
}
