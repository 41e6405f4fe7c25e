// Five apps of one code base: what each is told, how wide it runs, who reaches it.
param location string
param tags object
param token string
param tenantId string
param apiClientId string
param allowedApplications array
param publicUrl string
param ledgerOrigin string
param incarnation string
param haloUrl string
param haloClientId string
param haloTenant string
param haloDeskClientId string
param haloBudgetRequests string
param graphTenants string
param graphClientId string
param graphActivityLogs bool
param sharePointSite string
param evidenceName string
param anchorDays int
param anchorLocked bool
param vaultName string
param signingKeyUrl string
param insightsName string
param workspaceName string
param subnetId string
param intakeAllowedIps array
param deskAllowedIps array
param operatorIps array
param intakeAlwaysReady int

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

var identities = loadJsonContent('../identities.json')
var groups = [
  'intake'
  'engine'
  'desk'
  'review'
  'audit'
]
var authority = environment().authentication.loginEndpoint
var arm = environment().resourceManager
var storage = environment().suffixes.storage

// Key Vault references: the platform reads them with the app's own identity.
var clientSecret = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=halo-client-secret)'
var deskClientSecret = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=halo-desk-client-secret)'
var salt = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=attest-ledger-salt)'
var sources = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=attest-webhook-sources)'
var channels = '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=teams-channels)'

var everywhere = {
  ATTEST_STORAGE__blobServiceUri: 'https://${evidenceName}.blob.${storage}'
  ATTEST_STORAGE__queueServiceUri: 'https://${evidenceName}.queue.${storage}'
  ATTEST_STORAGE__tableServiceUri: 'https://${evidenceName}.table.${storage}'
  ATTEST_STORAGE__credential: 'managedidentity'
  ATTEST_AUTHORITY: authority
  ATTEST_PUBLIC_URL: publicUrl
  ATTEST_LEDGER_ORIGIN: ledgerOrigin
  ATTEST_LEDGER_SALT: salt
  ATTEST_INCARNATION: incarnation
}

var settings = {
  intake: {
    // The webhook route is excluded from sign-in, so X-MS headers prove nothing here.
    ATTEST_EASYAUTH: 'off'
    ATTEST_WEBHOOK_SOURCES: sources
  }
  engine: {
    ATTEST_EASYAUTH: 'off'
    ATTEST_SIGNING_KEY: signingKeyUrl
    HALO_URL: haloUrl
    HALO_CLIENT_ID: haloClientId
    HALO_CLIENT_SECRET: clientSecret
    HALO_TENANT: haloTenant
    HALO_SCOPE: join(identities.groups.engine.halopsa, ' ')
    HALO_BUDGET_REQUESTS: haloBudgetRequests
    HALO_BUDGET_SECONDS: '300'
    GRAPH_URL: 'https://graph.microsoft.com'
    TEAMS_CHANNELS: channels
    SHAREPOINT_SITE: sharePointSite
    ATTEST_SCHEDULE_SYNC: '0 */15 * * * *'
    ATTEST_SCHEDULE_DAILY: '0 30 4 * * *'
    ATTEST_SCHEDULE_SEAL: '30 * * * * *'
    ATTEST_SCHEDULE_WEEKLY: '0 0 6 * * 1'
    ATTEST_SCHEDULE_MONTHLY: '0 0 5 1 * *'
    ATTEST_SCHEDULE_QUARTERLY: '0 0 5 1 1,4,7,10 *'
  }
  desk: {
    ATTEST_EASYAUTH: 'on'
    ATTEST_TENANT_ID: tenantId
    ATTEST_AUDIENCE: '${apiClientId} api://${apiClientId}'
    // Before somebody decides, the invoice is read once more: by an application of its own that may do nothing else.
    HALO_URL: haloUrl
    HALO_CLIENT_ID: haloDeskClientId
    HALO_CLIENT_SECRET: deskClientSecret
    HALO_TENANT: haloTenant
    HALO_SCOPE: join(identities.groups.desk.halopsa, ' ')
    HALO_BUDGET_REQUESTS: haloBudgetRequests
    HALO_BUDGET_SECONDS: '300'
  }
  review: {
    ATTEST_EASYAUTH: 'off'
    HALO_CLIENT_ID: haloClientId
    GRAPH_URL: 'https://graph.microsoft.com'
    GRAPH_CLIENT_ID: graphClientId
    GRAPH_TENANTS: graphTenants
    ARM_URL: arm
    ARM_SCOPE: resourceGroup().id
    LOGS_URL: 'https://api.loganalytics.azure.com'
    LOGS_WORKSPACE: graphActivityLogs ? workspace.properties.customerId : ''
    ATTEST_SCHEDULE_DAILY: '0 30 4 * * *'
  }
  audit: {
    ATTEST_EASYAUTH: 'off'
    ARM_URL: arm
    ATTEST_ANCHOR: resourceId('Microsoft.Storage/storageAccounts/blobServices/containers', evidenceName, 'default', 'checkpoints')
    ATTEST_ANCHOR_DAYS: string(anchorDays)
    ATTEST_ANCHOR_LOCKED: string(anchorLocked)
    ATTEST_SCHEDULE_AUDIT: '0 15 * * * *'
  }
}

// Python's default is one HTTP request at a time per instance.
var shapes = {
  intake: {
    memory: 2048
    concurrency: 32
    threads: '32'
    alwaysReady: intakeAlwaysReady
    guarded: true
    people: false
    // HaloPSA cannot get a token: the route checks its own credentials.
    openPaths: [
      '/api/webhooks/*'
      '/api/health'
    ]
    open: empty(intakeAllowedIps)
    allowedIps: intakeAllowedIps
  }
  engine: {
    memory: 4096
    concurrency: 4
    threads: '32'
    alwaysReady: 0
    guarded: false
    people: false
    openPaths: []
    open: false
    allowedIps: operatorIps
  }
  desk: {
    memory: 2048
    concurrency: 16
    threads: '32'
    alwaysReady: 0
    guarded: true
    people: true
    openPaths: [
      '/api/openapi.json'
      '/api/connector.json'
      '/api/health'
    ]
    open: empty(deskAllowedIps)
    allowedIps: deskAllowedIps
  }
  review: {
    memory: 2048
    concurrency: 4
    threads: '32'
    alwaysReady: 0
    guarded: false
    people: false
    openPaths: []
    open: false
    allowedIps: operatorIps
  }
  audit: {
    memory: 2048
    concurrency: 4
    threads: '32'
    alwaysReady: 0
    guarded: false
    people: false
    openPaths: []
    open: false
    allowedIps: operatorIps
  }
}

module apps 'group.bicep' = [for group in groups: {
  name: 'group-${group}'
  params: {
    location: location
    tags: tags
    token: token
    group: group
    settings: union(everywhere, settings[group])
    shape: shapes[group]
    tenantId: tenantId
    apiClientId: apiClientId
    allowedApplications: allowedApplications
    evidenceName: evidenceName
    vaultName: vaultName
    insightsName: insightsName
    workspaceName: workspaceName
    graphActivityLogs: graphActivityLogs
    subnetId: subnetId
  }
}]

output intakeUrl string = apps[0].outputs.url
output deskUrl string = apps[2].outputs.url
output principals array = [for (group, i) in groups: {
  group: group
  principalId: apps[i].outputs.principalId
  clientId: apps[i].outputs.clientId
}]
