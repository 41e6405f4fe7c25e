// One Flex Consumption app on a plan of its own; Flex takes the runtime here and not as settings.
param location string
param tags object
param token string
param group string
param identityId string
param identityClientId string
param hostName string
param packageUrl string
param insightsName string
param settings object
param shape object
param tenantId string
param apiClientId string
param allowedApplications array
param subnetId string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

var given = [for item in items(settings): {
  name: item.key
  value: item.value
}]
var signIn = shape.people ? [
  {
    // The identity is this app's federated credential at the app registration, so there is no client secret.
    name: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
    value: identityClientId
  }
] : []
var callers = [for ip in shape.allowedIps: {
  action: 'Allow'
  priority: 100
  name: 'allowed'
  ipAddress: ip
}]
var watchers = [
  {
    action: 'Allow'
    priority: 200
    name: 'availability'
    tag: 'ServiceTag'
    ipAddress: 'ApplicationInsightsAvailability'
  }
]

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_212: Flex Consumption scales by itself; a number of instances cannot be set.
  // checkov:skip=CKV_AZURE_225: Flex Consumption chooses zones by itself unless zoneRedundant is bought.
  name: 'plan-${group}-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_17: callers are HaloPSA, people and flows; none of them holds a client certificate.
  // checkov:skip=CKV_AZURE_222: HaloPSA and people come from the internet; addresses are parameters.
  // checkov:skip=CKV_AZURE_213: Flex Consumption replaces instances by itself; health is asked by web tests.
  // checkov:skip=CKV_AZURE_212: Flex Consumption scales by itself; a number of instances cannot be set.
  // checkov:skip=CKV_AZURE_88: no file share is mounted; data lies in the evidence account.
  name: 'func-${group}-${token}'
  location: location
  tags: union(tags, {
    'azd-service-name': group
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: shape.memory
        maximumInstanceCount: 40
        alwaysReady: shape.alwaysReady == 0 ? [] : [
          {
            name: 'http'
            instanceCount: shape.alwaysReady
          }
        ]
        triggers: {
          http: {
            perInstanceConcurrency: shape.concurrency
          }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      ipSecurityRestrictionsDefaultAction: shape.open ? 'Allow' : 'Deny'
      ipSecurityRestrictions: shape.open ? [] : concat(callers, watchers)
      scmIpSecurityRestrictionsDefaultAction: 'Allow'
      scmIpSecurityRestrictionsUseMain: false
      appSettings: concat(given, signIn, [
        {
          name: 'ATTEST_GROUP'
          value: group
        }
        {
          name: 'ATTEST_IDENTITY_CLIENT_ID'
          value: identityClientId
        }
        {
          name: 'ATTEST_STORAGE__clientId'
          value: identityClientId
        }
        {
          name: 'AzureWebJobsStorage__accountName'
          value: hostName
        }
        {
          name: 'AzureWebJobsStorage__credential'
          value: 'managedidentity'
        }
        {
          name: 'AzureWebJobsStorage__clientId'
          value: identityClientId
        }
        {
          // The portal serves the root.
          name: 'AzureWebJobsDisableHomepage'
          value: 'true'
        }
        {
          name: 'PYTHON_THREADPOOL_THREAD_COUNT'
          value: shape.threads
        }
        {
          name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
          value: insights.properties.ConnectionString
        }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identityClientId};Authorization=AAD'
        }
      ])
    }
  }
}

resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource auth 'Microsoft.Web/sites/config@2024-11-01' = if (shape.guarded) {
  // checkov:skip=CKV_AZURE_13: false alarm; this is the authentication, in its second version.
  // checkov:skip=CKV_AZURE_63: false alarm; no settings of logs here, requests are in Application Insights.
  // checkov:skip=CKV_AZURE_65: false alarm, as above; detailed errors would show what strangers may not see.
  // checkov:skip=CKV_AZURE_66: false alarm, as above.
  // checkov:skip=CKV_AZURE_80: false alarm; there is no .NET here.
  // checkov:skip=CKV_AZURE_88: no file share is mounted; data lies in the evidence account.
  // checkov:skip=CKV_AZURE_222: HaloPSA and people come from the internet; addresses are parameters.
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    httpSettings: {
      requireHttps: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: shape.openPaths
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenantId}/v2.0'
          clientId: apiClientId
          clientSecretSettingName: shape.people ? 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID' : null
        }
        validation: {
          allowedAudiences: [
            apiClientId
            'api://${apiClientId}'
          ]
          defaultAuthorizationPolicy: {
            allowedApplications: empty(allowedApplications) ? [] : union([
              apiClientId
            ], allowedApplications)
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}

output url string = 'https://${site.properties.defaultHostName}'
