// Every right of one identity, read from the table; nothing is granted here that the table does not hold.
param group string
param principalId string
param evidenceName string
param hostName string
param vaultName string
param insightsName string
param workspaceName string
param graphActivityLogs bool

var identities = loadJsonContent('../identities.json')
var rights = identities.groups[group]
// Roles of our own are defined in roles.bicep under a name made of the group and theirs.
var custom = identities.custom_roles
var definitions = 'Microsoft.Authorization/roleDefinitions'
var secretPrefix = 'secrets/get: '

var tableRoles = filter(rights.roles, role => startsWith(role.scope, 'evidence/tables/'))
var containerRoles = filter(rights.roles, role => startsWith(role.scope, 'evidence/containers/'))
var queueRoles = filter(rights.roles, role => startsWith(role.scope, 'evidence/queues/'))
// A delegation key is of the account; what it signs still cannot do more than this identity.
var accountRoles = filter(rights.roles, role => role.scope == 'evidence/containers')
var hostRoles = filter(rights.roles, role => role.scope == 'host/containers')
var secrets = filter(rights.key_vault, right => startsWith(right, secretPrefix))
var keys = filter(rights.key_vault, right => startsWith(right, 'keys/'))

resource evidence 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: evidenceName
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' existing = {
  parent: evidence
  name: 'default'
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: evidence
  name: 'default'
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' existing = {
  parent: evidence
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' existing = [for role in tableRoles: {
  parent: tableService
  name: last(split(role.scope, '/'))
}]

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = [for role in containerRoles: {
  parent: blobService
  name: last(split(role.scope, '/'))
}]

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' existing = [for role in queueRoles: {
  parent: queueService
  name: last(split(role.scope, '/'))
}]

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: hostName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource signingKey 'Microsoft.KeyVault/vaults/keys@2023-07-01' existing = {
  parent: vault
  name: 'attest-signing'
}

resource vaultSecrets 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = [for right in secrets: {
  parent: vault
  name: toLower(replace(substring(right, length(secretPrefix)), '_', '-'))
}]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource onTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (role, i) in tableRoles: {
  name: guid(tables[i].id, principalId, role.id)
  scope: tables[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, contains(custom, role.id) ? guid(resourceGroup().id, role.id) : role.id)
  }
}]

resource onContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (role, i) in containerRoles: {
  name: guid(containers[i].id, principalId, role.id)
  scope: containers[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, contains(custom, role.id) ? guid(resourceGroup().id, role.id) : role.id)
  }
}]

resource onQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (role, i) in queueRoles: {
  name: guid(queues[i].id, principalId, role.id)
  scope: queues[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, contains(custom, role.id) ? guid(resourceGroup().id, role.id) : role.id)
  }
}]

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in accountRoles: {
  name: guid(evidence.id, principalId, role.id)
  scope: evidence
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, role.id)
  }
}]

resource onHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in hostRoles: {
  name: guid(host.id, principalId, role.id)
  scope: host
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, role.id)
  }
}]

resource onKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for right in keys: {
  name: guid(signingKey.id, principalId, identities.key_vault_roles[right].id)
  scope: signingKey
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, contains(custom, identities.key_vault_roles[right].id) ? guid(resourceGroup().id, identities.key_vault_roles[right].id) : identities.key_vault_roles[right].id)
  }
}]

resource onSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (right, i) in secrets: {
  name: guid(vaultSecrets[i].id, principalId, identities.key_vault_roles['secrets/get'].id)
  scope: vaultSecrets[i]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, identities.key_vault_roles['secrets/get'].id)
  }
}]

resource onTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in identities.azure.every: {
  name: guid(insights.id, principalId, role.id)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, role.id)
  }
}]

resource onGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (group == 'review') {
  name: guid(resourceGroup().id, principalId, identities.azure.review[0].id)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, identities.azure.review[0].id)
  }
}

resource onLogs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (group == 'review' && graphActivityLogs) {
  name: guid(workspace.id, principalId, identities.azure.review[1].id)
  scope: workspace
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(definitions, identities.azure.review[1].id)
  }
}
