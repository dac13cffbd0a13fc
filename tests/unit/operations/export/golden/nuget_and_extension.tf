# The Python of a web app on Windows, written by `az webapp python export`. The app itself has to be there.
# It is done one after the other: a change of the app's settings would end an installation that goes on.
# Python 3.13.2 x64 is python.org's own build, which no template can install. After the deployment:
#   az webapp python install -g RESOURCE_GROUP -n SITE_NAME --version 3.13.2 --arch x64
# The worker of the exported app is 32-bit, and the Python that it runs is 64-bit: it needs use32BitWorkerProcess false.
# web.config and packages are files. After the app's own files, with requirements.txt, are there:
#   az webapp python set-version -g RESOURCE_GROUP -n SITE_NAME --version 3.13.2 --arch x64 --handler fastcgi --app app:app

terraform {
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = ">= 2.0.0"
    }
  }
}

variable "resource_group_name" {
  description = "Name of the web app's resource group."
  type        = string
}

variable "site_name" {
  description = "Name of the web app. It has to be there: this creates no app."
  type        = string
}

data "azapi_client_config" "current" {}

locals {
  site_id = "/subscriptions/${data.azapi_client_config.current.subscription_id}/resourceGroups/${var.resource_group_name}/providers/Microsoft.Web/sites/${var.site_name}"
}

resource "azapi_resource" "python1" {
  type      = "Microsoft.Web/sites/siteextensions@2022-09-01"
  parent_id = local.site_id
  name      = "azureappservice-python364x64"

  body = {
    properties = {
      version = "3.6.4.4"
    }
  }

  # The provider's schema knows only the name of a site extension.
  schema_validation_enabled = false
}

resource "azapi_update_resource" "configuration" {
  type      = "Microsoft.Web/sites/config@2022-09-01"
  parent_id = local.site_id
  name      = "web"

  body = {
    properties = {
      use32BitWorkerProcess = true
    }
  }

  depends_on = [azapi_resource.python1]
}
