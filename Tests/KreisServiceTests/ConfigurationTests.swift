// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisService
import Logging
import Testing

@Suite struct ConfigurationTests {
  @Test("The shipped files set nothing, so that they show the defaults")
  func shippedFilesAreDefaults() throws {
    let town = try TownConfiguration(path: shipped("town.yaml"), environment: [:])
    #expect(try town == TownConfiguration(environment: [:]))
    let hub = try HubConfiguration(path: shipped("hub.yaml"), environment: [:])
    #expect(try hub == HubConfiguration(environment: [:]))
  }

  @Test("Every setting of the shipped files is known, and every known one is shown")
  func shippedFilesAreComplete() throws {
    for (file, names) in [
      ("town.yaml", TownConfiguration.names), ("hub.yaml", HubConfiguration.names),
    ] {
      let text = try String(contentsOfFile: shipped(file), encoding: .utf8)
      let shown = text.split(separator: "\n").compactMap {
        try? /# ([a-z_]+): \S+/.wholeMatch(in: $0)?.output.1
      }
      #expect(shown.map(String.init).sorted() == names.sorted())
    }
  }

  @Test("The defaults that the shipped files show are the real ones")
  func shippedDefaultsHold() throws {
    let shown = try uncommented(
      "hub.yaml", keep: ["log_level", "max_connections", "requests_per_second"])
    try withFile(shown) { path in
      let configuration = try HubConfiguration(path: path, environment: [:])
      #expect(try configuration == HubConfiguration(environment: [:]))
    }
    let town = try uncommented("town.yaml", keep: ["log_level", "proxy", "proxy_kerberos"])
    try withFile(town) { path in
      let configuration = try TownConfiguration(path: path, environment: [:])
      #expect(try configuration == TownConfiguration(environment: [:]))
    }
  }

  @Test("An unknown setting is an error that names file, line and the known ones")
  func unknownSetting() throws {
    try withFile("log_level: info\n\nproxi: none\n") { path in
      let error = try #require(throws: ConfigurationError.self) {
        try TownConfiguration(path: path, environment: [:])
      }
      #expect(error.origin == "\(path), line 3")
      #expect(error.reason.contains("\"proxi\"") && error.reason.contains("proxy_user"))
    }
  }

  @Test(
    "A wrong value is an error that names its line",
    arguments: [
      "max_connections: many", "max_connections: 7", "listen_port: 70000", "log_level: loud",
      "tls_certificate: /nonexistent", "max_connections: [1, 2]", "max_connections: \"",
      "max_connections: 10\nmax_connections: 11", "imprint_url: http://kreis.example.org",
      "privacy_url: javascript:alert(1)", "privacy_url: https://", "contact_phone: anrufen",
      "contact_email: familien@kreis.example.org?subject=x", "contact_email: familien",
      "public_page: true",
    ])
  func wrongValue(line: String) throws {
    try withFile("# first\n\(line)\n") { path in
      let error = try #require(throws: ConfigurationError.self) {
        try HubConfiguration(path: path, environment: [:])
      }
      #expect(error.origin.hasPrefix("\(path), line "), "\(error)")
    }
  }

  @Test("A missing file is an error that names it")
  func missingFile() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try HubConfiguration(path: "/nonexistent/hub.yaml", environment: [:])
    }
    #expect(error.origin == "/nonexistent/hub.yaml")
  }

  @Test("The environment goes over the file, and its errors name the variable")
  func environmentOverrides() throws {
    try withFile("max_connections: 100\nrequests_per_second: 10\n") { path in
      let configuration = try HubConfiguration(
        path: path, environment: ["KREISNETZ_MAX_CONNECTIONS": "200"])
      #expect(configuration.maximumConnections == 200)
      #expect(configuration.requestsPerSecond == 10)
      let error = try #require(throws: ConfigurationError.self) {
        try HubConfiguration(path: path, environment: ["KREISNETZ_MAX_CONNECTIONS": "x"])
      }
      #expect(error.origin == "KREISNETZ_MAX_CONNECTIONS")
    }
  }

  @Test("The proxy's password comes from a file beside the settings or from a credential")
  func proxyPassword() throws {
    try withFile("proxy: http://127.0.0.1:3128\nproxy_user: stadt\nproxy_password_file: secret\n") {
      path in
      let directory = URL(filePath: path).deletingLastPathComponent()
      try Data("open sesame\n".utf8).write(to: directory.appending(path: "secret"))
      let configuration = try TownConfiguration(path: path, environment: [:])
      #expect(configuration.proxy == .url("http://127.0.0.1:3128"))
      #expect(configuration.proxyLogin == .password(user: "stadt", password: "open sesame"))
    }
    try withFile("proxy_user: stadt\n") { path in
      let directory = URL(filePath: path).deletingLastPathComponent()
      try Data("by systemd".utf8).write(to: directory.appending(path: "proxy_password"))
      let configuration = try TownConfiguration(
        path: path, environment: ["CREDENTIALS_DIRECTORY": directory.path])
      #expect(configuration.proxyLogin == .password(user: "stadt", password: "by systemd"))
      #expect(throws: ConfigurationError.self) {
        try TownConfiguration(path: path, environment: [:])
      }
    }
  }

  private func shipped(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../config/\(name)").standardizedFileURL.path
  }

  private func uncommented(_ file: String, keep: [String]) throws -> String {
    try String(contentsOfFile: shipped(file), encoding: .utf8).split(separator: "\n")
      .filter { line in keep.contains { line.hasPrefix("# \($0):") } }
      .map { String($0.dropFirst(2)) }.joined(separator: "\n")
  }

  @Test func `Hub and town check the mail server's certificate by the same setting`() throws {
    let digest = [
      "KREISNETZ_CONSOLE_LISTEN": "8090", "KREISNETZ_DIGEST_TO": "selma@example.org",
      "KREISNETZ_DIGEST_FROM": "kn@example.org",
      "KREISNETZ_DIGEST_SMTP": "smtps://mail.example.org",
    ]
    try withFile("a certificate") { path in
      let named = digest.merging(["KREISNETZ_CA_FILE": path]) { own, _ in own }
      for (settings, file) in [(digest, nil), (named, path)] {
        let town = try TownConfiguration(environment: settings).digest
        let hub = try HubConfiguration(environment: settings).digest
        #expect(town?.caFile == file && hub?.caFile == file && hub == town)
      }
      // A machine may name its authorities to all programs, whatever a hub needs them for.
      let alone = ["KREISNETZ_CA_FILE": path]
      #expect(try HubConfiguration(environment: alone).digest == nil)
      let town = try TownConfiguration(environment: alone)
      #expect(town.caFile == path && town.digest == nil)
    }
    let missing = digest.merging(["KREISNETZ_CA_FILE": "/nonexistent/ca.pem"]) { own, _ in own }
    #expect(throws: ConfigurationError.self) { try HubConfiguration(environment: missing) }
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "kreisnetz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "settings.yaml")
    try Data(text.utf8).write(to: file)
    try body(file.path)
  }
}

@Suite struct ReloadedConfigurationTests {
  @Test func `What counts only from the next start on is named`() throws {
    let town = try TownConfiguration(environment: ["KREISNETZ_PROXY": "none"])
    let changed = try TownConfiguration(environment: [
      "KREISNETZ_LOG_LEVEL": "debug", "KREISNETZ_SOCKET_GROUP": "kreisnetz",
      "KREISNETZ_READ_API_LISTEN": "127.0.0.1:8080",
    ])
    #expect(changed.needingRestart(since: town) == ["socket_group", "read_api_…"])
    #expect(town.needingRestart(since: town).isEmpty)
    let hub = try HubConfiguration(environment: [:])
    let other = try HubConfiguration(environment: [
      "KREISNETZ_LISTEN_PORT": "8443", "KREISNETZ_REQUESTS_PER_SECOND": "5",
    ])
    #expect(other.needingRestart(since: hub) == ["listen_port"])
  }

  @Test func `The hub takes its certificate and key from the service manager's credentials`() throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let environment = ["CREDENTIALS_DIRECTORY": folder.path]
    #expect(try HubConfiguration(environment: environment).tlsKey == nil)
    try Data("key".utf8).write(to: folder.appending(path: "tls_key"))
    #expect(throws: ConfigurationError.self) { try HubConfiguration(environment: environment) }
    try Data("certificate".utf8).write(to: folder.appending(path: "tls_certificate"))
    let both = try HubConfiguration(environment: environment)
    #expect(both.tlsKey == folder.path + "/tls_key")
    #expect(both.tlsCertificate == folder.path + "/tls_certificate")
  }

  @Test
  func `The level of the log changes while it is used, but not that of a logger with its own`() {
    let threshold = LogThreshold(.info)
    var handler = JournalLogHandler(threshold: threshold, isForJournal: false) { _ in }
    let logger = Logger(label: "test") { [handler] _ in handler }
    #expect(logger.logLevel == .info)
    threshold.level = .debug
    #expect(logger.logLevel == .debug)
    handler.logLevel = .error
    #expect(handler.logLevel == .error && logger.logLevel == .debug)
  }

  @Test(arguments: [
    ("8090", ConsoleSetting.Place.loopback(address: "127.0.0.1", port: 8_090)),
    ("127.0.0.1:8090", .loopback(address: "127.0.0.1", port: 8_090)),
    ("[::1]:8090", .loopback(address: "::1", port: 8_090)),
    ("/run/kreisnetz/konsole", .socket(path: "/run/kreisnetz/konsole")),
  ])
  func `The console listens on this machine`(text: String, place: ConsoleSetting.Place) throws {
    let environment = ["KREISNETZ_CONSOLE_LISTEN": text]
    let console = try TownConfiguration(environment: environment).console
    #expect(console?.place == place && console?.signIn == ConsoleSetting.SignIn.none)
  }

  @Test func `The console lets in by accounts, or by the word of a proxy that is named`() throws {
    func console(_ settings: KeyValuePairs<String, String>) throws -> ConsoleSetting? {
      var environment = ["KREISNETZ_CONSOLE_LISTEN": "8090"]
      for (name, value) in settings { environment["KREISNETZ_CONSOLE_" + name] = value }
      return try TownConfiguration(environment: environment).console
    }
    let accounts = try console([
      "SIGN_IN": "accounts", "URL": "https://kreisnetz.example.org:443/",
    ])
    #expect(accounts?.signIn == .accounts && accounts?.url == "https://kreisnetz.example.org")
    #expect(accounts?.idleMinutes == nil && accounts?.sessionHours == nil)
    let times = try console([
      "SIGN_IN": "accounts", "IDLE_MINUTES": "15", "SESSION_HOURS": "8",
    ])
    #expect(times?.idleMinutes == 15 && times?.sessionHours == 8)
    let header = "X-Remote-User"
    #expect(
      try console([
        "SIGN_IN": "proxy", "PROXY_HEADER": header, "PROXY_ADDRESS": "127.0.0.1",
      ])?.signIn == .proxy(header: header, address: "127.0.0.1"))
    #expect(
      try console(["LISTEN": "/run/k/s", "SIGN_IN": "proxy", "PROXY_HEADER": header])?.signIn
        == .proxy(header: header, address: nil))
    let wrong: [KeyValuePairs<String, String>] = [
      ["SIGN_IN": "maybe"], ["URL": "https://kreisnetz.example.org"], ["SIGN_IN": "proxy"],
      ["SIGN_IN": "proxy", "PROXY_HEADER": header], ["PROXY_HEADER": header],
      ["SIGN_IN": "proxy", "PROXY_HEADER": "X Y", "PROXY_ADDRESS": "127.0.0.1"],
      ["SIGN_IN": "proxy", "PROXY_HEADER": header, "PROXY_ADDRESS": "192.0.2.1"],
      [
        "LISTEN": "/run/k/s", "SIGN_IN": "proxy", "PROXY_HEADER": header,
        "PROXY_ADDRESS": "127.0.0.1",
      ],
      ["SIGN_IN": "accounts", "URL": "http://kreisnetz.example.org"],
      ["SIGN_IN": "accounts", "URL": "https://kreisnetz.example.org/pfad"],
      ["SIGN_IN": "accounts", "PROXY_ADDRESS": "127.0.0.1"],
      ["SIGN_IN": "accounts", "IDLE_MINUTES": "4"], ["SIGN_IN": "accounts", "SESSION_HOURS": "0"],
      ["SIGN_IN": "none", "IDLE_MINUTES": "15"], ["SESSION_HOURS": "8"],
    ]
    for settings in wrong {
      #expect(throws: ConfigurationError.self, "\(settings)") { try console(settings) }
    }
    #expect(throws: ConfigurationError.self) {
      try TownConfiguration(environment: ["KREISNETZ_CONSOLE_SIGN_IN": "accounts"])
    }
  }

  @Test(arguments: [
    "0.0.0.0:8090", "[::]:8090", "192.0.2.1:8090", "hub.example.org:80", "x", "/run/",
  ])
  func `The console listens nowhere else, because it asks nobody who they are`(text: String) {
    #expect(throws: ConfigurationError.self) {
      try TownConfiguration(environment: ["KREISNETZ_CONSOLE_LISTEN": text])
    }
  }
}
