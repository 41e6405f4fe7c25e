// One group: an identity, an account for the host alone, the rights of the table, the app.
param location string
param tags object
param token string
param group string
param settings object
param shape object
param tenantId string
param apiClientId string
param allowedApplications array
param evidenceName string
param vaultName string
param insightsName string
param workspaceName string
param graphActivityLogs bool
param subnetId string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${group}-${token}'
  location: location
  tags: tags
}

module host 'host_storage.bicep' = {
  name: 'host-${group}'
  params: {
    location: location
    tags: tags
    name: 'st${group}${token}'
    subnetId: subnetId
  }
}

module access 'access.bicep' = {
  name: 'access-${group}'
  params: {
    group: group
    principalId: identity.properties.principalId
    evidenceName: evidenceName
    hostName: host.outputs.name
    vaultName: vaultName
    insightsName: insightsName
    workspaceName: workspaceName
    graphActivityLogs: graphActivityLogs
  }
}

module app 'function_app.bicep' = {
  name: 'app-${group}'
  params: {
    location: location
    tags: tags
    token: token
    group: group
    identityId: identity.id
    identityClientId: identity.properties.clientId
    hostName: host.outputs.name
    packageUrl: host.outputs.packageUrl
    insightsName: insightsName
    settings: settings
    shape: shape
    tenantId: tenantId
    apiClientId: apiClientId
    allowedApplications: allowedApplications
    subnetId: subnetId
  }
  // Without its rights the app can neither read its package nor its secrets at the first start.
  dependsOn: [
    access
  ]
}

output url string = app.outputs.url
output principalId string = identity.properties.principalId
output clientId string = identity.properties.clientId
