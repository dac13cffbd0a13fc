// The Python of a web app on Windows, written by `az webapp python export`. The app itself has to be there.
// It is done one after the other: a change of the app's settings would end an installation that goes on.
// web.config and packages are files. After the app's own files, with requirements.txt, are there:
//   az webapp python set-version -g RESOURCE_GROUP -n SITE_NAME -s SLOT_NAME --version 3.5.4 --arch x64

@description('Name of the web app. It has to be there: this creates no app.')
param siteName string = 'shop'

@description('Name of the deployment slot. It has to be there as well.')
param slotName string = 'staging'

resource site 'Microsoft.Web/sites@2022-09-01' existing = {
  name: siteName
}

resource slot 'Microsoft.Web/sites/slots@2022-09-01' existing = {
  parent: site
  name: slotName
}

resource python1 'Microsoft.Web/sites/slots/siteextensions@2022-09-01' = {
  parent: slot
  name: 'azureappservice-python354x64'
  #disable-next-line BCP037 BCP073
  properties: {
    version: '3.5.4.5'
  }
}

resource configuration 'Microsoft.Web/sites/slots/config@2022-09-01' = {
  parent: slot
  name: 'web'
  properties: {
    use32BitWorkerProcess: false
  }
  dependsOn: [
    python1
  ]
}
