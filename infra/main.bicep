// From an empty subscription to five function apps with an identity each. docs/operator.md tells the order.
targetScope = 'subscription'

@description('Name of the azd environment; part of every resource name.')
param environmentName string

@description('Region of everything.')
param location string

@allowed([
  'dev'
  'test'
  'production'
])
@description('production keeps what outlives the deployment: delete lock on the evidence account, long immutability.')
param stage string = 'dev'

@description('Client id of the app registration whose tokens are accepted; made by hand.')
param apiClientId string

@description('Origin under which logs are named, such as evidence.example.com/halo-attest. Never changed later.')
param ledgerOrigin string

@description('Raised by one after every restore of the evidence account.')
param incarnation string = '1'

@description('HaloPSA address without /api.')
param haloUrl string

@description('Client id of the HaloPSA API application.')
param haloClientId string

@description('Tenant name where the HaloPSA hosting needs it.')
param haloTenant string = ''

@description('Client id of the HaloPSA API application that only reads invoices, for the app people use.')
param haloDeskClientId string

@description('HaloPSA requests allowed per window, over all instances.')
param haloBudgetRequests string = '300'

@description('Tenants whose integrations are reviewed, space-separated; empty means our own.')
param graphTenants string = ''

@description('App registration used in customers\' tenants by federated credential; empty for our own identity.')
param graphClientId string = ''

@description('Whether Entra sends MicrosoftGraphActivityLogs to the workspace of this deployment.')
param graphActivityLogs bool = false

@description('SharePoint site for published reports; empty for none.')
param sharePointSite string = ''

@description('Where people reach the portal; empty means the default host name of the desk app.')
param publicUrl string = ''

// Secrets are written where a value is given and left alone where it is empty, so that a later run changes nothing.
@secure()
@description('Secret of the HaloPSA API application.')
param haloClientSecret string = ''

@secure()
@description('Secret of the HaloPSA API application that only reads invoices.')
param haloDeskClientSecret string = ''

@secure()
@description('Makes log ids opaque. Never changed later.')
param ledgerSalt string = ''

@secure()
@description('ATTEST_WEBHOOK_SOURCES as base64, because JSON does not survive the parameters file.')
param webhookSourcesBase64 string = ''

@secure()
@description('TEAMS_CHANNELS as base64.')
param teamsChannelsBase64 string = ''

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GZRS'
])
@description('Redundancy of the evidence account.')
param evidenceRedundancy string = 'Standard_ZRS'

@description('Days a checkpoint cannot be changed or removed.')
param immutabilityDays int = stage == 'production' ? 2557 : 1

@description('True once a person has locked the policy; a locked policy can no longer be declared.')
param immutabilityLocked bool = false

@description('Subnet the apps send through (delegated to Microsoft.App/environments, with service endpoints). Empty: storage and vault stay reachable for whoever holds a right.')
param appSubnetId string = ''

@description('Further addresses that may reach storage and vault while a subnet is given.')
param allowedIps array = []

@description('Addresses HaloPSA sends from; empty allows any.')
param intakeAllowedIps array = []

@description('Addresses people and Power Automate come from; empty allows any.')
param deskAllowedIps array = []

@description('Addresses from which engine, review and audit answer to /api/health; empty: from none.')
param operatorIps array = []

@description('Applications besides our own that may sign in to the desk, such as the connector\'s; empty allows any with a role.')
param allowedApplications array = []

@description('Instances of intake kept warm.')
param intakeAlwaysReady int = 0

@description('Who is mailed by alerts and the budget.')
param alertEmails array = []

@description('Per month, in the currency of the subscription; 0 for no budget.')
param budgetAmount int = 0

@description('First day of a month, such as 2026-12-01; empty for no budget.')
param budgetStart string = ''

@description('Days that telemetry is kept.')
param logRetentionDays int = 90

@description('Whether reads of evidence are logged by Azure besides writes and deletes.')
param logReads bool = false

var tags = {
  'azd-env-name': environmentName
}
var token = toLower(uniqueString(subscription().id, environmentName, location))
var deskUrl = empty(publicUrl) ? 'https://func-desk-${token}.azurewebsites.net' : publicUrl

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    retentionDays: logRetentionDays
    alertEmails: alertEmails
  }
}

module roles 'app/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    environmentName: environmentName
  }
}

module evidence 'app/evidence.bicep' = {
  name: 'evidence'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    redundancy: evidenceRedundancy
    immutabilityDays: immutabilityDays
    immutabilityLocked: immutabilityLocked
    keepForever: stage == 'production'
    subnetId: appSubnetId
    allowedIps: allowedIps
    workspaceId: monitoring.outputs.workspaceId
    logReads: logReads
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    subnetId: appSubnetId
    allowedIps: allowedIps
    workspaceId: monitoring.outputs.workspaceId
    haloClientSecret: haloClientSecret
    haloDeskClientSecret: haloDeskClientSecret
    ledgerSalt: ledgerSalt
    webhookSources: empty(webhookSourcesBase64) ? '' : base64ToString(webhookSourcesBase64)
    teamsChannels: empty(teamsChannelsBase64) ? '' : base64ToString(teamsChannelsBase64)
  }
}

module apps 'app/apps.bicep' = {
  name: 'apps'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    tenantId: subscription().tenantId
    apiClientId: apiClientId
    allowedApplications: allowedApplications
    publicUrl: deskUrl
    ledgerOrigin: ledgerOrigin
    incarnation: incarnation
    haloUrl: haloUrl
    haloClientId: haloClientId
    haloTenant: haloTenant
    haloDeskClientId: haloDeskClientId
    haloBudgetRequests: haloBudgetRequests
    graphTenants: empty(graphTenants) ? subscription().tenantId : graphTenants
    graphClientId: graphClientId
    graphActivityLogs: graphActivityLogs
    sharePointSite: sharePointSite
    evidenceName: evidence.outputs.name
    anchorDays: immutabilityDays
    anchorLocked: stage == 'production'
    vaultName: vault.outputs.name
    signingKeyUrl: vault.outputs.signingKeyUrl
    insightsName: monitoring.outputs.insightsName
    workspaceName: monitoring.outputs.workspaceName
    subnetId: appSubnetId
    intakeAllowedIps: intakeAllowedIps
    deskAllowedIps: deskAllowedIps
    operatorIps: operatorIps
    intakeAlwaysReady: intakeAlwaysReady
  }
  dependsOn: [
    roles
  ]
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    insightsId: monitoring.outputs.insightsId
    actionGroupId: monitoring.outputs.actionGroupId
    deskUrl: apps.outputs.deskUrl
    intakeUrl: apps.outputs.intakeUrl
  }
}

module budget 'app/budget.bicep' = if (budgetAmount > 0 && !empty(budgetStart)) {
  name: 'budget'
  scope: group
  params: {
    amount: budgetAmount
    startDate: budgetStart
    emails: alertEmails
  }
}

output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = subscription().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output ATTEST_PUBLIC_URL string = deskUrl
output ATTEST_INTAKE_URL string = apps.outputs.intakeUrl
output ATTEST_EVIDENCE_ACCOUNT string = evidence.outputs.name
output ATTEST_VAULT string = vault.outputs.name
output ATTEST_SIGNING_KEY string = vault.outputs.signingKeyUrl
output ATTEST_PRINCIPALS array = apps.outputs.principals
