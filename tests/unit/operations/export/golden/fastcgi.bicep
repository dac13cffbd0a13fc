// The Python of a web app on Windows, written by `az webapp python export`. The app itself has to be there.
// It is done one after the other: a change of the app's settings would end an installation that goes on.
// web.config and packages are files. After the app's own files, with requirements.txt, are there:
//   az webapp python set-version -g RESOURCE_GROUP -n SITE_NAME --version 3.6.4 --arch x64 --handler fastcgi --app app:app

@description('Name of the web app. It has to be there: this creates no app.')
param siteName string

resource site 'Microsoft.Web/sites@2022-09-01' existing = {
  name: siteName
}

resource python1 'Microsoft.Web/sites/siteextensions@2022-09-01' = {
  parent: site
  name: 'azureappservice-python364x64'
  #disable-next-line BCP037 BCP073
  properties: {
    version: '3.6.4.4'
  }
}

resource configuration 'Microsoft.Web/sites/config@2022-09-01' = {
  parent: site
  name: 'web'
  properties: {
    use32BitWorkerProcess: false
  }
  dependsOn: [
    python1
  ]
}
