// swift-tools-version: 6.2
// SPDX-License-Identifier: EUPL-1.2
import PackageDescription

/// Language settings of every target. Warnings are errors in CI only, so that a newer compiler's
/// new warning does not stop an admin's build.
let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// How a release is linked: small in memory. Swift's runtime, linked in, asks for all of a program's
/// symbols to be exported, which keeps the linker from dropping what nobody calls and fills memory with
/// tables of names. Only lld packs the places to be relocated, and lays side by side what daemons run
/// (deploy/order). What is wrapped: Sources/CRest/rest.c.
let lean: [LinkerSetting] = [
  .unsafeFlags(
    ["-use-ld=lld"]
      + [
        "--no-export-dynamic", "-z", "pack-relative-relocs", "--wrap=dispatch_source_set_timer",
        "--symbol-ordering-file=\(Context.packageDirectory)/deploy/daemons.order",
        "--no-warn-symbol-ordering",
      ].flatMap { ["-Xlinker", $0] }, .when(platforms: [.linux], configuration: .release))
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let certificates = Target.Dependency.product(name: "X509", package: "swift-certificates")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdHTTP2 = Target.Dependency.product(name: "HummingbirdHTTP2", package: "hummingbird")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "kreisnetz",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "kreisnetz", targets: ["kreisnetz"])],
  traits: [
    .trait(
      name: "PlantedBugs",
      description: "Switches that break one thing each, to prove the simulator. Never in a release."
    )
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(
      name: "KreisCore", dependencies: ["CZstd", crypto, protobuf],
      exclude: ["Wire/kreisnetz.proto"], swiftSettings: strict),
    .target(
      name: "KreisStore", dependencies: ["KreisCore", crypto, grdb, sqlite],
      resources: [.embedInCode("Resources")], swiftSettings: strict),
    // Disks that lose power, for tests and the simulator alone.
    .target(name: "CCrashDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(
      name: "KreisInterchange", dependencies: ["KreisCore", crypto, yams], swiftSettings: strict),
    .systemLibrary(name: "CInotify"),
    .target(
      name: "KreisLocal",
      dependencies: ["CInotify", "KreisCore", "KreisStore", "KreisInterchange", logging],
      swiftSettings: strict),
    .systemLibrary(
      name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CCurl", dependencies: ["CLibcurl"]),
    .target(
      name: "KreisTransport", dependencies: ["KreisCore", "CCurl", crypto],
      swiftSettings: strict),
    .target(
      name: "KreisHub",
      dependencies: [
        "KreisCore", "KreisStore", "KreisTransport", asn1, certificates, crypto, httpTypes,
        hummingbirdCore, hummingbirdHTTP2, lifecycle, logging, nio, nioPosix, nioSSL, nioTLS,
        protobuf,
      ], swiftSettings: strict),
    .target(
      name: "KreisTown",
      dependencies: [
        "KreisCore", "KreisStore", "KreisInterchange", "KreisTransport", crypto, lifecycle, logging,
        protobuf,
      ], swiftSettings: strict),
    // What all pages in the browser share.
    .target(
      name: "KreisPages", dependencies: ["KreisCore", "KreisInterchange", mustache],
      resources: [.embedInCode("Resources")], swiftSettings: strict),
    .target(
      name: "KreisReadAPI",
      dependencies: [
        "KreisCore", "KreisStore", "KreisInterchange", "KreisLocal", "KreisPages",
        "KreisTransport", httpTypes, hummingbirdCore, lifecycle, logging, nio, nioPosix,
      ], resources: [.embedInCode("Resources")], swiftSettings: strict),
    .target(
      name: "KreisConsole",
      dependencies: [
        "KreisCore", "KreisStore", "KreisInterchange", "KreisLocal", "KreisPages", crypto,
        cryptoExtras, httpTypes, hummingbirdCore, lifecycle, logging, nio, nioPosix,
      ],
      resources: [.embedInCode("Resources")], swiftSettings: strict),
    .target(
      name: "KreisService",
      dependencies: ["KreisCore", crypto, cryptoExtras, lifecycle, logging, yams],
      swiftSettings: strict),
    .target(
      name: "KreisMonitor",
      dependencies: [
        "KreisCore", "KreisStore", "KreisInterchange", "KreisLocal", "KreisTransport", "KreisHub",
        "KreisService", httpTypes, hummingbirdCore, lifecycle, logging, nio, nioPosix, protobuf,
      ], swiftSettings: strict),
    // Parsers under changed input; deploy/fuzz builds their libFuzzer driver.
    .target(
      name: "KreisFuzz",
      dependencies: [
        "KreisCore", "KreisInterchange", "KreisService", "KreisTransport", crypto, protobuf,
      ], swiftSettings: strict),
    // What lets a daemon that has nothing to do take little.
    .target(name: "CRest"),
    .executableTarget(
      name: "kreisnetz",
      dependencies: [
        "CRest", "KreisCore", "KreisStore", "KreisInterchange", "KreisLocal", "KreisTransport",
        "KreisHub", "KreisConsole", "KreisPages", "KreisReadAPI", "KreisTown", "KreisService",
        "KreisMonitor", argumentParser,
        crypto,
        cryptoExtras,
        lifecycle,
        logging, nio, unixSignals, yams,
      ], swiftSettings: strict, linkerSettings: lean),
    .target(
      name: "KreisSimulation",
      dependencies: [
        "CCrashDisk", "KreisCore", "KreisInterchange", "KreisStore", "KreisTown",
        "KreisTransport", crypto, logging, protobuf,
      ],
      swiftSettings: strict),
    // For developers; the package leaves it out.
    .executableTarget(
      name: "kreisnetz-sim", dependencies: ["KreisCore", "KreisSimulation", argumentParser],
      swiftSettings: strict),
    // For developers; the package leaves them out.
    .target(name: "CStatementCount", linkerSettings: [.linkedLibrary("sqlite3")]),
    .executableTarget(
      name: "kreisnetz-bench",
      dependencies: [
        "CStatementCount", "KreisCore", "KreisInterchange", "KreisLocal", "KreisStore",
        "KreisTransport",
        argumentParser, crypto, nio, nioHTTP1, nioPosix, nioSSL, protobuf,
      ],
      exclude: ["Limits"], swiftSettings: strict),
    .testTarget(
      name: "KreisCoreTests", dependencies: ["KreisCore", crypto, protobuf], swiftSettings: strict),
    .testTarget(
      name: "KreisSimulationTests",
      dependencies: ["KreisCore", "KreisSimulation", "kreisnetz-sim"],
      swiftSettings: strict),
    .testTarget(
      name: "KreisStoreTests",
      dependencies: ["CCrashDisk", "KreisCore", "KreisStore", crypto, grdb, protobuf],
      swiftSettings: strict),
    .testTarget(
      name: "KreisInterchangeTests", dependencies: ["KreisCore", "KreisInterchange"],
      swiftSettings: strict),
    .testTarget(
      name: "KreisLocalTests",
      dependencies: ["KreisCore", "KreisInterchange", "KreisLocal", "KreisStore", crypto, logging],
      swiftSettings: strict),
    .testTarget(
      name: "KreisTransportTests",
      dependencies: [
        "CCurl", "KreisCore", "KreisTransport", asn1, certificates, crypto, hummingbird,
        hummingbirdHTTP2, logging, nio, nioPosix, nioSSL,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisHubTests",
      dependencies: [
        "KreisCore", "KreisHub", "KreisStore", "KreisTransport", asn1, certificates, crypto,
        httpTypes, hummingbirdCore, lifecycle, logging, nio, nioPosix, nioSSL, nioTLS, protobuf,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisReadAPITests",
      dependencies: [
        "KreisCore", "KreisInterchange", "KreisLocal", "KreisPages", "KreisReadAPI", "KreisStore",
        crypto, lifecycle, logging,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisConsoleTests",
      dependencies: [
        "KreisConsole", "KreisCore", "KreisInterchange", "KreisLocal", "KreisStore", crypto,
        lifecycle, logging,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisMonitorTests",
      dependencies: [
        "KreisCore", "KreisInterchange", "KreisLocal", "KreisMonitor", "KreisService",
        "KreisStore", crypto, logging,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisFuzzTests",
      dependencies: [
        "KreisCore", "KreisFuzz", "KreisStore", "KreisTransport", protobuf,
      ], swiftSettings: strict),
    .testTarget(
      name: "KreisServiceTests",
      dependencies: ["KreisCore", "KreisService", crypto, lifecycle, logging],
      swiftSettings: strict),
    .testTarget(
      name: "KreisTownTests",
      dependencies: [
        "KreisCore", "KreisHub", "KreisSimulation", "KreisStore", "KreisTown", "KreisTransport",
        crypto, httpTypes, hummingbirdCore, lifecycle, logging, nio,
      ], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "KreisCore", "KreisHub", "KreisSimulation", "KreisStore", "KreisInterchange",
        "KreisTransport",
        "kreisnetz", "kreisnetz-bench", asn1, certificates, crypto, grdb, nio, nioPosix, nioSSL,
      ],
      swiftSettings: strict),
  ]
)

// libFuzzer's driver, for deploy/fuzz alone: it instruments this package's own targets.
if Context.environment["KREISNETZ_FUZZ"] != nil {
  let fuzzed: Set = [
    "KreisCore", "KreisInterchange", "KreisService", "KreisTransport", "KreisFuzz",
  ]
  for target in package.targets where fuzzed.contains(target.name) {
    target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer"]))
  }
  package.targets.append(
    .executableTarget(
      name: "kreisnetz-fuzz", dependencies: ["KreisFuzz"],
      swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}
